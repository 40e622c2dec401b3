import { actionOf } from '../../actions/index';
import type { Workbench } from '../../actions/action';
import { partOf } from '../../base/progress';
import { namesFor } from '../../onnx/builder';
import type { Change, Score, SweepLayer, SweepTask } from '../../sensitivity/sweep';
import { layerSubject, sweep } from '../../sensitivity/sweep';
import type { Layer } from '../../structure/structure';
import { readStep } from '../apply';
import { type PlanChoiceName, planChoiceNames, planChoiceOf } from './choices';

/** One way of treating one layer, with what it was measured to cost. */
export interface LayerOption {
  readonly choice: PlanChoiceName;
  /** Bytes of the layer's weights. */
  readonly bytes: number;
  /** Mean over the samples, with only this layer changed. */
  readonly damage: number;
}

export interface LayerOptions {
  readonly layer: Layer;
  /** Bytes of its weights as they are. */
  readonly before: number;
  readonly options: readonly LayerOption[];
}

interface Prepared {
  readonly choice: PlanChoiceName;
  readonly bytes: number;
  readonly change: Change | undefined;
}

/**
 * What every choice does to every layer, measured one by one on the calibration data of `bench`: the actions' own edits are made on the
 * layer, and the whole model's output is scored.
 */
export async function measureOptions(
  bench: Workbench,
  layers: readonly SweepLayer[],
  score: Score,
  { samples, memory }: { readonly samples: Workbench['calibration']; readonly memory: number },
): Promise<readonly LayerOptions[]> {
  const { progress, signal, open, structure } = bench;
  if (!samples) return [];
  const prepared = await prepare({ ...bench, progress: partOf(progress, 0, 0.4) }, layers);
  const damages = new Map<string, number>();
  await sweep({
    ...{ index: structure.index, data: samples, open, score, signal, memory },
    tasks: layers.map((each): SweepTask => {
      const changes = (prepared.get(each.layer) ?? []).flatMap(({ change }) => change ?? []);
      return { subject: layerSubject(each), changes };
    }),
    finished: ({ subject, name, scores }) =>
      damages.set(
        `${subject.id} ${name}`,
        scores.reduce((sum, one) => sum + one, 0) / Math.max(1, scores.length),
      ),
    progress: partOf(progress, 0.4, 1),
  });
  return layers.map(({ layer }) => {
    const own = prepared.get(layer) ?? [];
    const options = own.flatMap(({ choice, bytes, change }): LayerOption[] => {
      const damage = change ? damages.get(`${layer.id} ${choice}`) : 0;
      return damage === undefined ? [] : [{ choice, bytes, damage }];
    });
    return { layer, before: own[0]?.bytes ?? 0, options };
  });
}

/** Lets every action collect what it needs for all layers that it fits, once. */
async function prepare(
  bench: Workbench,
  layers: readonly SweepLayer[],
): Promise<ReadonlyMap<Layer, readonly Prepared[]>> {
  const found = new Map<Layer, Prepared[]>();
  for (const { layer } of layers) {
    const { before } = actionOf('weightOnly').estimate(layer, readParamsOf('bits8'));
    found.set(layer, [{ choice: 'keep', bytes: before, change: undefined }]);
  }
  for (const [at, choice] of planChoiceNames.entries()) {
    const { step } = planChoiceOf(choice);
    if (!step) continue;
    const { action, params } = readStep({ ...step, targets: {} });
    const fitting = layers.filter(({ layer }) => action.appliesTo(layer, params).fits);
    const progress = partOf(
      bench.progress,
      at / planChoiceNames.length,
      (at + 1) / planChoiceNames.length,
    );
    const own = fitting.map(({ layer }) => layer);
    const data = await action.collect?.({ ...bench, progress }, own, params);
    for (const layer of own) {
      const edits = () =>
        action.edits({ ...bench, names: namesFor(bench.structure.index) }, [layer], params, data);
      found.get(layer)?.push({
        choice,
        bytes: action.estimate(layer, params).after,
        change: { kind: 'edits', name: choice, edits },
      });
    }
  }
  return found;
}

function readParamsOf(choice: PlanChoiceName) {
  const { step } = planChoiceOf(choice);
  return step ? readStep({ ...step, targets: {} }).params : {};
}
