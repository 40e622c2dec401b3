import { throwIfAborted } from '../base/cancel';
import { floatValues } from '../onnx/weights';
import type { Feeds } from '../runtime/runner';
import type { Chain } from './chain';
import { changedWeights } from './channels';
import { type Frontier, keepFrontiers } from './frontier';
import { partModel } from './part';
import type { Segments } from './segments';
import { sizesIn } from './sizes';
import type { Change, SweepLayer, SweepTask } from './sweep';
import type { Measuring, SweeperOptions } from './sweeper';
import type { Values } from './values';
import { editsVariant, valuesAround, type Variant, weightOf, weightVariant } from './variants';

/** What a sweep works with. */
export interface SweepBench
  extends
    Pick<SweeperOptions, 'index' | 'open' | 'signal' | 'memory'>,
    Pick<Measuring, 'score' | 'finished'> {
  readonly segments: Segments;
  readonly chain: Chain;
  readonly values: Values;
  /** Tells of a task that is done. */
  readonly done: () => void;
}

/** Does the tasks that begin in one segment, in groups whose kept values fit into the memory. */
export async function sweepStage(
  bench: SweepBench,
  stage: number,
  tasks: readonly SweepTask[],
): Promise<void> {
  await bench.chain.cover(stage, bench.values);
  for (let from = 0; from < tasks.length;) {
    const rest = tasks.slice(from);
    const forget = bench.values.remembering();
    const frontiers = rest.map((task) => frontiersOf(bench, task));
    const count = await keepFrontiers(bench, stage, frontiers);
    for (const task of rest.slice(0, count)) {
      await sweepTask(bench, stage, task);
      bench.done();
    }
    from += count;
    forget();
  }
}

function frontiersOf({ segments, index }: SweepBench, task: SweepTask): readonly Frontier[] {
  const { subject, changes } = task;
  const hasWeights = changes.some(({ kind }) => kind === 'weight');
  const own = hasWeights ? weightVariant(segments, weightOf(subject)).part.inputs : [];
  const around = changes.flatMap((change) => {
    if (change.kind !== 'edits') return [];
    return valuesAround(segments, index, [...subject.nodes, ...(change.reads ?? [])]);
  });
  return [
    { index: segments.index, names: own },
    { index, names: around },
  ];
}

async function sweepTask(bench: SweepBench, stage: number, task: SweepTask): Promise<void> {
  const weights = task.changes.filter((change) => change.kind === 'weight');
  if (weights.length > 0) await changeWeight(bench, stage, task, weights);
  for (const change of task.changes) {
    if (change.kind === 'edits') await changeGraph(bench, stage, task, change);
  }
}

type WeightChange = Extract<Change, { kind: 'weight' }>;

async function changeWeight(
  bench: SweepBench,
  stage: number,
  { subject }: SweepTask,
  changes: readonly WeightChange[],
): Promise<void> {
  const { weight, layer } = weightOf(subject);
  const changed = changedWeights(layer, weight, floatValues(weight.tensor, bench.open));
  const variant = weightVariant(bench.segments, { layer, weight });
  const loaded = await loadVariant(bench, stage, variant, { layer, weight });
  try {
    const feedOf = async (each: WeightChange | undefined): Promise<Feeds> => {
      // A task later than whatever runs, so that a lane has work meanwhile.
      await Promise.resolve();
      if (!each) return {};
      const { name, tensor } = weight;
      return { [name]: { dtype: 'float32', shape: tensor.shape, data: changed(each.change) } };
    };
    let feed = await feedOf(changes[0]);
    for (const [at, { name }] of changes.entries()) {
      const running = loaded.scores(feed);
      const [scores, next] = await Promise.all([running, feedOf(changes[at + 1])]);
      bench.finished({ subject, name, scores });
      feed = next;
    }
  } finally {
    await loaded.release();
  }
}

async function changeGraph(
  bench: SweepBench,
  stage: number,
  { subject }: SweepTask,
  { name, edits }: Extract<Change, { kind: 'edits' }>,
): Promise<void> {
  const variant = editsVariant(bench.segments, bench.index, edits());
  // Edits may read more than what lies around the subject.
  await keepFrontiers(bench, stage, [[{ index: bench.index, names: variant.part.inputs }]]);
  const loaded = await loadVariant(bench, stage, variant);
  try {
    bench.finished({ subject, name, scores: await loaded.scores({}) });
  } finally {
    await loaded.release();
  }
}

/** A changed part that can be run, and with it the rest of the model. */
interface LoadedVariant {
  /** Of all samples, with a weight given if the part takes one. */
  readonly scores: (weight: Feeds) => Promise<number[]>;
  readonly release: () => Promise<void>;
}

async function loadVariant(
  { chain, values, score, signal }: SweepBench,
  stage: number,
  { index, part, next }: Variant,
  layer?: SweepLayer,
): Promise<LoadedVariant> {
  // Where the change has no influence, the segments behind take what is made up to there as it is.
  for (let at = stage; at < next; at++) await chain.cover(at, values);
  // Where it has none on what is wanted either, there is nothing to run.
  if (part.outputs.length === 0) return unchangedVariant({ values, score });
  const sizes = sizesIn(part.inputs, values.batches);
  const session = await chain.loaded(partModel(index, part, sizes, layer?.weight.tensor));
  const route = await chain.routeBehind(values, next, part.outputs);
  const scores = async (weight: Feeds) => {
    const found: number[] = [];
    for (const kept of values.batches) {
      throwIfAborted(signal);
      const changed = await route.run({ session, part }, kept, weight);
      const { reference, batch } = kept;
      found.push(...score(reference, { ...reference, ...changed }, batch));
    }
    return found;
  };
  return { scores, release: () => session.release() };
}

function unchangedVariant({ values, score }: Pick<SweepBench, 'values' | 'score'>): LoadedVariant {
  const scores = () =>
    Promise.resolve(
      values.batches.flatMap(({ reference, batch }) => score(reference, reference, batch)),
    );
  return { scores, release: () => Promise.resolve() };
}
