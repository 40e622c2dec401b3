import { throwIfAborted } from '../base/cancel';
import type { Progress } from '../base/progress';
import { applyEdits } from '../onnx/edit';
import type { GraphIndex } from '../onnx/graph';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { tensorValues } from '../onnx/weights';
import type { Calibration, CalibrationBatch } from '../runtime/calibration';
import type { Feeds, RunTensor, Session } from '../runtime/runner';
import type { Layer, Weight } from '../structure/structure';
import { channelsOf } from './channels';
import { probed, type ProbeName, probes } from './probes';
import { type Suffix, suffixModel, suffixOf } from './suffix';

/** A layer to ask about, and the weight that the probes change. */
export interface SweepLayer {
  readonly layer: Layer;
  readonly weight: Weight;
}

/** What to ask about a layer. */
export interface SweepTask extends SweepLayer {
  readonly probes: readonly ProbeName[];
}

/** What became of the model's outputs when one layer was compressed: one score for each sample. */
export interface SweepRow {
  readonly layer: Layer;
  readonly probe: ProbeName;
  readonly scores: readonly number[];
}

/** Scores the samples of one batch: the model's own outputs against those of the changed one. */
export type Score = (
  reference: Feeds,
  candidate: Feeds,
  batch: CalibrationBatch,
) => readonly number[];

export interface SweepOptions {
  readonly index: GraphIndex;
  readonly tasks: readonly SweepTask[];
  readonly data: Calibration;
  readonly open: OpenExternal | undefined;
  readonly score: Score;
  /** Told every row when it is finished. */
  readonly finished: (row: SweepRow) => void;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  /** Bytes that values of the unchanged model may take while they are kept. */
  readonly memory: number;
}

/** A layer with the part of the model that has to run again for it. */
interface Task extends SweepTask {
  readonly suffix: Suffix;
}

/**
 * Changes one layer at a time and scores the whole model's output: exact, and without loading the model again for every change. The
 * model runs once as it is, and what crosses into the part behind a layer is kept; then that part alone runs, with the weight as
 * one of its inputs, once for every probe. Layers are taken in groups whose kept values fit into `memory`.
 */
export async function sweep(options: SweepOptions): Promise<void> {
  const { index, progress } = options;
  const tasks = options.tasks
    .filter((task) => task.probes.length > 0)
    .map((each) => ({
      ...each,
      suffix: suffixOf(index, each.layer.main.scope, each.weight.name),
    }));
  let done = 0;
  for (let from = 0; from < tasks.length;) {
    const { kept, count } = await keepFrontiers(options, tasks.slice(from));
    for (const task of tasks.slice(from, from + count)) {
      await sweepLayer(options, task, kept);
      progress(++done / tasks.length, `${done} of ${tasks.length} layers`);
    }
    from += count;
  }
}

/** The values that cross into the suffixes, batch by batch, and the model's own outputs. */
interface Kept {
  readonly batch: CalibrationBatch;
  readonly values: Feeds;
}

/** Runs the model as it is; keeps the frontiers of as many of the tasks as fit, of one at least. */
async function keepFrontiers(
  { index, data, memory, signal }: SweepOptions,
  tasks: readonly Task[],
): Promise<{ kept: readonly Kept[]; count: number }> {
  const names = (count: number) => [
    ...new Set([
      ...index.main.graph.outputs.map((output) => output.name),
      ...tasks.slice(0, count).flatMap(({ suffix }) => suffix.frontier),
    ]),
  ];
  const made = names(tasks.length).filter((name) => index.main.producers.has(name));
  const model = applyEdits(
    index,
    made.map((name) => ({ kind: 'addOutput', name })),
  );
  const session = await data.load(model, { optimize: 'basic' });
  const kept: Kept[] = [];
  let count = tasks.length;
  try {
    for (const batch of data.batches()) {
      throwIfAborted(signal);
      const wanted = names(count).filter((name) => index.main.producers.has(name));
      const { outputs } = await session.run(batch.feeds, wanted);
      kept.push({ batch, values: { ...batch.feeds, ...outputs } });
      if (kept.length > 1) continue;
      const batches = batchesIn(data, batch);
      while (count > 1 && bytesOf(outputs, names(count)) * batches > memory) {
        count = Math.ceil(count / 2);
      }
    }
  } finally {
    await session.release();
  }
  return { kept, count };
}

/** How many batches of this one's size the data makes. */
function batchesIn(data: Calibration, { feeds }: CalibrationBatch): number {
  const size = Object.values(feeds)[0]?.shape[0] ?? 1;
  return Math.max(1, Math.ceil(data.samples / Math.max(1, size)));
}

function bytesOf(values: Feeds, names: readonly string[]): number {
  return names.reduce((sum, name) => {
    const data = values[name]?.data;
    return sum + (ArrayBuffer.isView(data) ? data.byteLength : 0);
  }, 0);
}

async function sweepLayer(
  options: SweepOptions,
  { layer, weight, suffix, probes: names }: Task,
  kept: readonly Kept[],
): Promise<void> {
  const { index, data, open, score, finished, signal } = options;
  if (kept.length === 0) return;
  const original = floats(weight, open);
  const channels = channelsOf(layer, weight);
  const known = kept.map(({ values }) => values);
  const session = await data.load(suffixModel(index, suffix, weight.tensor, known), {});
  try {
    for (const name of names) {
      const changed: RunTensor = {
        dtype: 'float32',
        shape: weight.tensor.shape,
        data: probed(probes[name], original, channels),
      };
      const scores: number[] = [];
      for (const { batch, values } of kept) {
        throwIfAborted(signal);
        const outputs = await runSuffix(session, suffix, values, { [weight.name]: changed });
        scores.push(...score(values, { ...values, ...outputs }, batch));
      }
      finished({ layer, probe: name, scores });
    }
  } finally {
    await session.release();
  }
}

async function runSuffix(
  session: Session,
  { frontier, outputs }: Suffix,
  known: Feeds,
  weight: Feeds,
): Promise<Feeds> {
  const taken = frontier.flatMap((name) => {
    const tensor = known[name];
    return tensor ? [[name, tensor] as const] : [];
  });
  return (await session.run({ ...Object.fromEntries(taken), ...weight }, outputs)).outputs;
}

function floats({ tensor }: Weight, open: OpenExternal | undefined): Float32Array {
  const values = tensorValues(tensor, open);
  return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
}
