import type { Workbench } from '../../actions/action';
import { partOf, type Progress } from '../../base/progress';
import type { PlanLimit } from '../../protocol/plan';
import type { GraphIndex } from '../../onnx/graph';
import type { Calibration } from '../../runtime/calibration';
import { type Change, type Score, sweep, type SweepTask } from '../../sensitivity/sweep';
import type { Layer } from '../../structure/structure';
import { choicesFor, type PlanChoiceName, planChoiceNames } from './choices';
import { fitsGroup, type PlanGroup, savingOf } from './groups';
import { shrunk } from './shrink';
import { type EditsOf, isChained, prepareChoice } from './prepare';
import { scoreWhole } from './whole';

/** One way of treating one group of layers, with what it was measured to cost. */
export interface LayerOption {
  readonly choice: PlanChoiceName;
  /** Bytes of the weights. */
  readonly bytes: number;
  /** Weighted mean over the samples, with only this group changed. */
  readonly damage: number;
  /** What is to be expected on others, told from all groups together: what plans are chosen by. */
  readonly expected: number;
}

export interface LayerOptions {
  readonly layer: Layer;
  /** The layer, and those that share its weight. */
  readonly members: readonly Layer[];
  /** No sample's answer depends on them: the damages are zero and say nothing. */
  readonly isUnmeasured?: boolean;
  /** Bytes of the weights as they are. */
  readonly before: number;
  readonly options: readonly LayerOption[];
}

/** Scores of samples that are kept from plan to plan. */
export interface KeptScores {
  get(layer: string, choice: PlanChoiceName): readonly number[] | undefined;
  add(layer: string, choice: PlanChoiceName, scores: readonly number[]): void;
}

export interface MeasureOptions {
  readonly limit: PlanLimit;
  readonly score: Score;
  readonly samples: Calibration;
  /** What each sample counts, in the order of the batches; they add up to 1. */
  readonly weights: readonly number[];
  /** The same model in fewer operations, and the outputs that `score` looks at. */
  readonly reduced: GraphIndex;
  readonly outputs: readonly string[];
  /** Bytes that values of the unchanged model may take while they are kept. */
  readonly memory: number;
  readonly kept: KeptScores;
  /** Whether a choice is worth measuring; those that take more of the limit than the layer takes now are not. */
  readonly isWorth?: (group: PlanGroup, choice: PlanChoiceName) => boolean;
  /** Told all that is known so far whenever there is more. */
  readonly measured?: (options: readonly LayerOptions[], done: number, of: number) => void;
}

/** Where in the progress preparing ends and running the model begins. */
const preparingShare = 0.4;

/**
 * What every choice does to every group, measured one by one: the actions' own edits are made on the group, and the whole model's output
 * is scored. What `kept` knows is not measured again.
 */
export async function measureOptions(
  bench: Workbench,
  groups: readonly PlanGroup[],
  options: MeasureOptions,
): Promise<readonly LayerOptions[]> {
  const { limit, score, samples, weights, kept, isWorth = () => true, measured } = options;
  const { progress, signal, open, structure } = bench;
  const choices = new Map(
    groups.map((group) => [
      group,
      usefulChoices(limit, group).filter((each) => isWorth(group, each)),
    ]),
  );
  const known = () =>
    expecting(
      groups.map((group): LayerOptions => {
        const options = [...(choices.get(group) ?? [])].flatMap((choice) =>
          optionOf(group, choice, kept, weights),
        );
        return { ...group, before: savingOf(group, 'keep').before, options };
      }),
    );
  const missing = (group: PlanGroup) =>
    (choices.get(group) ?? []).filter((each) => each !== 'keep' && !kept.get(group.layer.id, each));
  const count = () => groups.reduce((sum, group) => sum + missing(group).length, 0);
  const of = count();
  if (of === 0) return known();
  const edits = await prepareAll(bench, groups, missing, partOf(progress, 0, preparingShare));
  const tell = (id: string, choice: PlanChoiceName, scores: readonly number[]) => {
    kept.add(id, choice, scores);
    measured?.(known(), of - count(), of);
  };
  const chained = groups.filter(
    (group) => isChained(group) && missing(group).includes('int8Static'),
  );
  const chains = edits.get('int8Static');
  if (chains && chained.length > 0) {
    const whole = { index: structure.index, samples, score, signal };
    await scoreWhole(chained, chains, whole, ({ layer }, scores) =>
      tell(layer.id, 'int8Static', scores),
    );
  }
  await sweep({
    ...{ index: structure.index, reduced: options.reduced, outputs: options.outputs },
    ...{ data: samples, open, score, signal, memory: options.memory },
    tasks: groups.map((group): SweepTask => ({
      subject: { id: group.layer.id, nodes: group.members.flatMap(({ nodes }) => nodes) },
      changes: missing(group).flatMap((name): Change[] => {
        const made = edits.get(name);
        return made ? [{ kind: 'edits', name, edits: () => made(group) }] : [];
      }),
    })),
    finished: ({ subject, name, scores }) => tell(subject.id, name as PlanChoiceName, scores),
    progress: partOf(progress, preparingShare, 1),
  });
  return known();
}

/** Bytes that the smallest choices save of all groups, from their own figures: nothing runs for it. */
export function mostSaved(limit: PlanLimit, groups: readonly PlanGroup[]): number {
  const saved = groups.map((group) =>
    usefulChoices(limit, group).map((choice) => {
      const { before, after } = savingOf(group, choice);
      return before - after;
    }),
  );
  return saved.reduce((sum, each) => sum + Math.max(0, ...each), 0);
}

/** The choices that fit the group and take fewer bytes than it takes now. */
function usefulChoices(limit: PlanLimit, group: PlanGroup): readonly PlanChoiceName[] {
  return choicesFor(limit, (choice) => {
    if (!fitsGroup(group, choice)) return false;
    const { before, after } = savingOf(group, choice);
    return after < before;
  });
}

function optionOf(
  group: PlanGroup,
  choice: PlanChoiceName,
  kept: KeptScores,
  weights: readonly number[],
): LayerOption[] {
  const bytes = savingOf(group, choice).after;
  if (choice === 'keep') return [{ choice, bytes, damage: 0, expected: 0 }];
  const scores = kept.get(group.layer.id, choice);
  if (!scores) return [];
  const damage = weightedMean(scores, weights);
  return [{ choice, bytes, damage, expected: damage }];
}

/** The same options with what their damages lead to expect. */
function expecting(layers: readonly LayerOptions[]): LayerOptions[] {
  const table = layers.map(({ options }) =>
    planChoiceNames.map((name) => options.find(({ choice }) => choice === name)?.damage),
  );
  const found = shrunk(table);
  return layers.map((layer, of) => ({
    ...layer,
    options: layer.options.map((option) => ({
      ...option,
      expected: found[of]?.[planChoiceNames.indexOf(option.choice)] ?? option.damage,
    })),
  }));
}

const weightedMean = (values: readonly number[], weights: readonly number[]) =>
  values.reduce((sum, value, at) => sum + value * (weights[at] ?? 0), 0);

async function prepareAll(
  bench: Workbench,
  groups: readonly PlanGroup[],
  missing: (group: PlanGroup) => readonly PlanChoiceName[],
  progress: Progress,
): Promise<ReadonlyMap<PlanChoiceName, EditsOf>> {
  const made = new Map<PlanChoiceName, EditsOf>();
  for (const [at, choice] of planChoiceNames.entries()) {
    const own = groups.filter((group) => missing(group).includes(choice));
    if (own.length === 0) continue;
    const part = partOf(progress, at / planChoiceNames.length, (at + 1) / planChoiceNames.length);
    made.set(choice, await prepareChoice({ ...bench, progress: part }, { choice, groups: own }));
  }
  return made;
}
