import { cpus } from 'node:os';
import { throwIfAborted } from '../../base/cancel';
import { partOf, type Progress } from '../../base/progress';
import type { Workbench } from '../../actions/action';
import { applySteps } from '../../build/apply';
import {
  choicesFor,
  type PlanChoiceName,
  planChoiceNames,
  planChoiceOf,
} from '../../build/plan/choices';
import { fitsGroup, type PlanGroup } from '../../build/plan/groups';
import { prepareChoice } from '../../build/plan/prepare';
import type { Model } from '../../onnx/model';
import type { Interval, PlanLimit } from '../../protocol/plan';
import { compareLatency, loadedInTurn } from '../../verify/latency';
import type { Feeds, Runner, Session } from '../../runtime/runner';
import { runInputs } from '../inputs';
import type { SizedModel } from '../models';
import { kernelModel, kernelTimes, loadModel, signatureOf, valuesOf } from './kernels';

/** What a run takes: of the whole model as it is, and of every group of layers under every choice, in milliseconds. */
export interface LayerLatencies {
  /** Of the original. */
  readonly original: number;
  /** Of the model that the plan starts from. */
  readonly total: number;
  /** Undefined for a layer that the choice does not fit, or whose time could not be told. */
  of(layer: string, choice: PlanChoiceName): number | undefined;
}

/** Rows of numbers that are kept from plan to plan. */
export interface KeptTimes {
  get(key: string): number | undefined;
  add(key: string, ms: number): void;
}

export interface LatencyOptions {
  readonly limit: PlanLimit;
  readonly threads: number;
  readonly folder: string;
  readonly runner: Runner;
  readonly bench: Workbench;
  readonly kept: KeptTimes;
  readonly progress: Progress;
}

const rounds = 60;
const warmup = 5;
/** Two models of equal kernels, one cut into layers and one whole, differ by no more. */
const mostScale = 2.5;

/**
 * Measures the kernel of every shape and choice on this machine: each layer alone, as the choice's edits leave it, fed what a run feeds it,
 * all choices of a layer in turn. Then, for each choice, one model with all layers treated so is timed in turn with the one that the plan
 * starts from, and the layers' times are scaled to add up to it, as layers that stand side by side share work.
 */
export async function layerLatencies(
  original: SizedModel,
  source: SizedModel,
  groups: readonly PlanGroup[],
  options: LatencyOptions,
): Promise<LayerLatencies> {
  const { progress, kept } = options;
  const choices = new Map(
    groups.map((group) => [group, choicesFor(options.limit, (choice) => fitsGroup(group, choice))]),
  );
  const alone = await timesAlone(source, groups, choices, {
    ...options,
    progress: partOf(progress, 0, 0.5),
  });
  const base = await inTurn(original, source, { ...options, signal: options.bench.signal });
  const alikes: Alike[] = [];
  for (const [at, choice] of planChoiceNames.entries()) {
    const fitting = groups.filter((group) => choices.get(group)?.includes(choice));
    const sum = (of: PlanChoiceName) =>
      sumOf(fitting, ({ layer }) => alone.get(keyOf(layer.id, of)) ?? 0);
    const [then, now] = [sum(choice), sum('keep')];
    // What is slower layer by layer will not be chosen.
    if (choice === 'keep' || then === 0 || then >= now) continue;
    progress(0.5 + (0.5 * at) / planChoiceNames.length, `timing ${planChoiceOf(choice).title}`);
    const saved = await savedBy(source, choice, fitting, base.candidate, options, kept);
    if (saved !== undefined) alikes.push({ choice, now, then, saved });
  }
  const keepSum = sumOf(groups, ({ layer }) => alone.get(keyOf(layer.id, 'keep')) ?? 0);
  const scales = scalesOf(alikes, base.candidate / keepSum);
  const timeOf = (layer: string, choice: PlanChoiceName) => {
    const time = alone.get(keyOf(layer, choice));
    return time === undefined ? undefined : time * (scales.get(choice) ?? scales.get('keep') ?? 1);
  };
  return { original: base.reference, total: base.candidate, of: timeOf };
}

/** All layers that a choice fits treated so. */
export interface Alike {
  readonly choice: PlanChoiceName;
  /** Sums of what the layers take alone, as they are and treated so. */
  readonly now: number;
  readonly then: number;
  /** What that saves of a run of the whole model. */
  readonly saved: number;
}

/**
 * What turns times of layers alone into times within the model, for every choice: alone, layers find their weights in the caches, and
 * were timed under another load. The choice that saves most has the scale of the layers as they are, which may add up to no more than
 * `most` times their sum; the others have the scale by which they save what they were seen to.
 */
export function scalesOf(
  alikes: readonly Alike[],
  most: number,
): ReadonlyMap<PlanChoiceName, number> {
  const best = alikes.reduce<Alike | undefined>(
    (found, each) => (found && found.saved >= each.saved ? found : each),
    undefined,
  );
  const common = best && best.saved > 0 ? best.saved / (best.now - best.then) : 1;
  const keep = Math.min(most, common);
  const scales = new Map<PlanChoiceName, number>([['keep', keep]]);
  for (const { choice, now, then, saved } of alikes) {
    const scale = (keep * now - saved) / then;
    scales.set(choice, Math.min(mostScale * keep, Math.max(keep / mostScale, scale)));
  }
  return scales;
}

const keyOf = (layer: string, choice: PlanChoiceName) => `${choice} ${layer}`;

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

/** What each layer takes alone; layers of equal kernels are timed once. */
async function timesAlone(
  source: SizedModel,
  groups: readonly PlanGroup[],
  choices: ReadonlyMap<PlanGroup, readonly PlanChoiceName[]>,
  { bench, kept, progress, ...options }: LatencyOptions,
): Promise<ReadonlyMap<string, number>> {
  const feeds = runInputs(source, undefined, 1).feeds(0);
  const layers = groups.flatMap((group) => group.members);
  const values = await valuesOf(source, feeds, layers, options);
  const edits = await editsOfAll(bench, groups, choices);
  const machine = `${cpus()[0]?.model ?? ''} ${options.threads}`;
  const found = new Map<string, number>();
  for (const [at, group] of groups.entries()) {
    throwIfAborted(bench.signal);
    progress(at / groups.length, `timing ${group.layer.name}`);
    const models = (choices.get(group) ?? []).map((choice) => {
      const made = edits.get(choice)?.(group) ?? [];
      const model = kernelModel(source.index, group.members, made, values);
      return { choice, model, key: `${machine} ${model ? signatureOf(model) : ''}` };
    });
    const unknown = models.filter(({ model, key }) => model && kept.get(key) === undefined);
    // The layer as it is runs in turn with every other choice, so that all are timed under the same load.
    const wanted = unknown.length > 0 ? models : [];
    const times = await kernelTimes(wanted.map(modelOf), values, source.external.open, options);
    for (const [place, { key }] of wanted.entries()) {
      const ms = times[place];
      if (ms !== undefined) kept.add(key, ms);
    }
    for (const { choice, model, key } of models) {
      const ms = model && kept.get(key);
      if (ms !== undefined) found.set(keyOf(group.layer.id, choice), ms);
    }
  }
  return found;
}

const modelOf = ({ model }: { readonly model: Model | undefined }) => model;

/** Rounding does not change how long a kernel takes: data is only used where there is no other way. */
async function editsOfAll(
  bench: Workbench,
  groups: readonly PlanGroup[],
  choices: ReadonlyMap<PlanGroup, readonly PlanChoiceName[]>,
) {
  const made = new Map<PlanChoiceName, Awaited<ReturnType<typeof prepareChoice>>>();
  for (const choice of planChoiceNames) {
    const own = groups.filter((group) => choices.get(group)?.includes(choice));
    if (choice === 'keep' || own.length === 0) continue;
    const calibration = choice === 'int8Static' ? bench.calibration : undefined;
    made.set(choice, await prepareChoice({ ...bench, calibration }, { choice, groups: own }));
  }
  return made;
}

/** What a model with all these layers treated so saves of a run, in milliseconds; undefined where it does not run. */
async function savedBy(
  source: SizedModel,
  choice: PlanChoiceName,
  groups: readonly PlanGroup[],
  total: number,
  { bench, threads, folder, runner }: LatencyOptions,
  kept: KeptTimes,
): Promise<number | undefined> {
  const { step } = planChoiceOf(choice);
  if (!step) return 0;
  const layers = groups.flatMap(({ members }) => members.map(({ id }) => id));
  const key = `saved ${choice} ${threads} ${layers.join(' ')} ${JSON.stringify([...source.resolved.sizes])}`;
  const known = kept.get(key);
  if (known !== undefined) return known * total;
  const { open } = source.external;
  const calibration = choice === 'int8Static' ? bench.calibration : undefined;
  const applied = await applySteps(source.index, [{ ...step, targets: { layers } }], {
    open,
    ...(calibration ? { calibration } : {}),
    ...(bench.signal ? { signal: bench.signal } : {}),
  });
  const load = { runner, threads, folder };
  const session = await loadModel(applied.index.model, open, load).catch(() => undefined);
  if (!session) return undefined;
  const reference = await runner.load(source.file, { ...loadedInTurn, threads });
  const { ratio } = await timed(source, reference, session, { signal: bench.signal });
  const share = 1 - 1 / ratio;
  kept.add(key, share);
  return share * total;
}

/** How long a run takes, and how many times as fast as the original's that is. */
export interface Timing {
  readonly latencyMs: number;
  readonly speed: number;
  readonly intervals: { readonly latencyMs: Interval; readonly speed: Interval };
}

/** Two models timed in turn, in milliseconds; `low` and `high` are the interval of the ratio. */
interface InTurn extends Interval {
  readonly reference: number;
  readonly candidate: number;
  readonly ratio: number;
}

interface TimeOptions extends Pick<LatencyOptions, 'runner' | 'threads'> {
  readonly signal: AbortSignal | undefined;
}

/** So many times the rounds tell on which side of a limit a figure lies that lay too near to it. */
const moreRounds = 4;

/** Times a file in turn with the original, longer where the limit lies within the interval. */
export async function timingOf(
  original: SizedModel,
  file: string,
  { limit, ...options }: TimeOptions & { readonly limit: PlanLimit },
): Promise<Timing> {
  const told = (found: InTurn): Timing => ({
    ...{ latencyMs: found.candidate, speed: found.ratio },
    intervals: {
      latencyMs: { low: found.reference / found.high, high: found.reference / found.low },
      speed: { low: found.low, high: found.high },
    },
  });
  const first = told(await inTurn(original, { file }, options));
  const { low, high } = first.intervals[limit.kind === 'latency' ? 'latencyMs' : 'speed'];
  const isOpen = low < limit.value && limit.value < high;
  return isOpen
    ? told(await inTurn(original, { file }, { ...options, rounds: moreRounds * rounds }))
    : first;
}

/** The original and another model timed in turn at the asked sizes; both in milliseconds. */
async function inTurn(
  original: SizedModel,
  candidate: { readonly file: string },
  { runner, threads, signal, rounds }: TimeOptions & { readonly rounds?: number },
): Promise<InTurn> {
  const options = { ...loadedInTurn, threads };
  const reference = await runner.load(original.file, options);
  const session = await runner.load(candidate.file, options).catch(async (error: unknown) => {
    await reference.release();
    throw error;
  });
  return timed(original, reference, session, { signal, rounds });
}

/** Times two sessions in turn, and releases them. */
async function timed(
  sized: SizedModel,
  reference: Session,
  candidate: Session,
  {
    signal,
    rounds: asked = rounds,
  }: { signal: AbortSignal | undefined; rounds?: number | undefined },
): Promise<InTurn> {
  const feeds: Feeds = runInputs(sized, undefined, 1).feeds(0);
  try {
    const { referenceMs, ratio, low, high } = await compareLatency(
      { session: reference, feeds },
      { session: candidate, feeds },
      { rounds: asked, warmup, signal, progress: () => {} },
    );
    // The ratio is the steadier figure: what is left of the reference's time by it.
    const { median } = referenceMs;
    return { reference: median, candidate: median / ratio, ratio, low, high };
  } finally {
    await reference.release();
    await candidate.release();
  }
}
