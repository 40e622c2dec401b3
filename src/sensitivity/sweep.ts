import { throwIfAborted } from '../base/cancel';
import type { Progress } from '../base/progress';
import { applyEdits, type Edit, edited } from '../onnx/edit';
import type { GraphIndex, NodeEntry } from '../onnx/graph';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { floatValues } from '../onnx/weights';
import type { Calibration, CalibrationBatch } from '../runtime/calibration';
import type { Feeds, RunTensor, Session } from '../runtime/runner';
import type { Layer, Weight } from '../structure/structure';
import { changedRows, channelsOf } from './channels';
import { type Suffix, suffixModel, suffixOf, suffixOfEdits, valuesAround } from './suffix';

/** A layer to ask about, and the weight that the probes change. */
export interface SweepLayer {
  readonly layer: Layer;
  readonly weight: Weight;
}

/** Something to ask about: a layer, a block, a head of attention. */
export interface Subject {
  readonly id: string;
  /** Of the main graph or of bodies in it: edits may read what these read or make. */
  readonly nodes: readonly NodeEntry[];
  /** What changes of weights are made of; other changes need none. */
  readonly weight?: SweepLayer;
}

/**
 * One change of a subject. `weight`: its weight takes other values, given its rows of `width` inputs, which are the change's to alter.
 * `edits`: the graph around it changes, as an action would change it.
 */
export type Change = { readonly name: string } & (
  | {
      readonly kind: 'weight';
      readonly change: (rows: Float32Array, width: number) => Float32Array;
    }
  | {
      readonly kind: 'edits';
      readonly edits: () => readonly Edit[];
      /** Nodes besides the subject’s that the edits read from: what these read or make can be read. */
      readonly reads?: readonly NodeEntry[];
    }
);

/** What to ask about a subject. */
export interface SweepTask {
  readonly subject: Subject;
  readonly changes: readonly Change[];
}

/** What became of the model's outputs when one subject was changed: one score for each sample. */
export interface SweepRow {
  readonly subject: Subject;
  /** Of the change. */
  readonly name: string;
  readonly scores: readonly number[];
}

/** A layer as what to ask about. */
export function layerSubject(weight: SweepLayer): Subject {
  const { id, nodes } = weight.layer;
  return { id, nodes, weight };
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

/** A task with the values that are kept for it. */
interface Task extends SweepTask {
  readonly frontier: readonly string[];
}

/**
 * Changes one layer at a time and scores the whole model's output: exact, and without loading the model again for every change. The
 * model runs once as it is, and what crosses into the part behind a layer is kept; then that part alone runs: with the weight as
 * one of its inputs, so that one session serves every change of it, or as the edits leave it. Layers are taken in groups whose kept
 * values fit into `memory`.
 */
export async function sweep(options: SweepOptions): Promise<void> {
  const { index, progress } = options;
  const tasks = options.tasks
    .filter((task) => task.changes.length > 0)
    .map((each) => taskOf(index, each));
  let done = 0;
  for (let from = 0; from < tasks.length;) {
    const { kept, count } = await keepFrontiers(options, tasks.slice(from));
    for (const task of tasks.slice(from, from + count)) {
      await sweepSubject(options, task, kept);
      progress(++done / tasks.length, `${done} of ${tasks.length} layers`);
    }
    from += count;
  }
}

function taskOf(index: GraphIndex, task: SweepTask): Task {
  const { weights, edits } = byKind(task.changes);
  const frontiers = [
    ...(weights.length > 0 ? [weightSuffix(index, weightOf(task.subject)).frontier] : []),
    ...edits.map(({ reads = [] }) => valuesAround(index, [...task.subject.nodes, ...reads])),
  ];
  return { ...task, frontier: [...new Set(frontiers.flat())] };
}

function weightSuffix(index: GraphIndex, { layer, weight }: SweepLayer): Suffix {
  return suffixOf(index, layer.main.scope, weight.name);
}

function weightOf({ id, weight }: Subject): SweepLayer {
  if (!weight) throw new Error(`A change of weights needs the weight of ${id}.`);
  return weight;
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
      ...tasks.slice(0, count).flatMap((task) => task.frontier),
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

async function sweepSubject(
  options: SweepOptions,
  task: Task,
  kept: readonly Kept[],
): Promise<void> {
  const { weights, edits } = byKind(task.changes);
  if (weights.length > 0) await changeWeight(options, task, weights, kept);
  for (const change of edits) await changeGraph(options, task, change, kept);
}

type WeightChange = Extract<Change, { kind: 'weight' }>;
type GraphChange = Extract<Change, { kind: 'edits' }>;

function byKind(changes: readonly Change[]): { weights: WeightChange[]; edits: GraphChange[] } {
  return {
    weights: changes.flatMap((change) => (change.kind === 'weight' ? [change] : [])),
    edits: changes.flatMap((change) => (change.kind === 'edits' ? [change] : [])),
  };
}

async function changeWeight(
  options: SweepOptions,
  { subject }: Task,
  changes: readonly WeightChange[],
  kept: readonly Kept[],
): Promise<void> {
  const { index, data, open, finished } = options;
  const { layer, weight } = weightOf(subject);
  const suffix = weightSuffix(index, { layer, weight });
  const original = floatValues(weight.tensor, open);
  const channels = channelsOf(layer, weight);
  const known = kept.map(({ values }) => values);
  const session = await data.load(suffixModel(index, suffix, known, weight.tensor), {});
  try {
    for (const { name, change } of changes) {
      const changed: RunTensor = {
        dtype: 'float32',
        shape: weight.tensor.shape,
        data: changedRows(change, original, channels),
      };
      const scores = await scoresOf(options, session, suffix, kept, { [weight.name]: changed });
      finished({ subject, name, scores });
    }
  } finally {
    await session.release();
  }
}

async function changeGraph(
  options: SweepOptions,
  { subject }: Task,
  { name, edits }: GraphChange,
  kept: readonly Kept[],
): Promise<void> {
  const { index, data, finished } = options;
  const after = edited(index, edits());
  const suffix = suffixOfEdits(index, after);
  const known = kept.map(({ values }) => values);
  const session = await data.load(suffixModel(after, suffix, known), {});
  try {
    finished({ subject, name, scores: await scoresOf(options, session, suffix, kept, {}) });
  } finally {
    await session.release();
  }
}

async function scoresOf(
  { score, signal }: SweepOptions,
  session: Session,
  suffix: Suffix,
  kept: readonly Kept[],
  weight: Feeds,
): Promise<number[]> {
  const scores: number[] = [];
  for (const { batch, values } of kept) {
    throwIfAborted(signal);
    const outputs = await runSuffix(session, suffix, values, weight);
    scores.push(...score(values, { ...values, ...outputs }, batch));
  }
  return scores;
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
