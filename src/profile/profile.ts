import type { ByteSource } from '../base/bytes';
import { messageOf, UserError } from '../base/errors';
import { partOf, type Progress } from '../base/progress';
import type { Feeds, Runner, SessionOptions } from '../runtime/runner';
import type { Structure } from '../structure/structure';
import type { ExecutedNode } from './executed';
import { type Fate, layerFates } from './fate';
import { watchMemory } from './memory';
import { repeat, type Repeats, traceRound, type TracedRound } from './rounds';
import { type Spread, spreadOf } from './spread';
import { attribute, executedTimes, type LayerTime, traceCost } from './timings';
import { traceable, type Traceable, unmarked } from './traceable';

export interface ProfileInput {
  /** The model's file, run as it is for the truth. */
  readonly file: string;
  /** Of the same model, local functions expanded. */
  readonly structure: Structure;
  readonly runner: Runner;
  /** The inputs of the run at an index. */
  readonly feeds: (run: number) => Feeds;
  /** 0 lets the runtime choose. */
  readonly threads: number;
  readonly provider: string;
  readonly warmup: number;
  readonly runs: number;
  /** An empty folder for temporary files; the caller removes it. */
  readonly folder: string;
  readonly open: (path: string) => ByteSource;
  readonly signal?: AbortSignal;
  readonly progress: Progress;
  /** Told what is known whenever there is more of it. */
  readonly partial: (result: ProfileResult) => void;
}

export interface ExecutedTime {
  /** The executed node's name; its source's where it stands for one. */
  readonly name: string;
  readonly op: string;
  readonly timeMs: number;
  readonly layers: readonly string[];
  readonly how: ExecutedNode['how'];
}

export interface ProfileResult {
  /** Of the whole, as the runtime optimises it: the truth. */
  readonly latencyMs: Spread;
  /** Of the whole with optimisations off, as the nodes' times were taken, but without the trace. */
  readonly plainLatencyMs: Spread | null;
  readonly loadMs: number;
  readonly peakMemoryBytes: number | null;
  /** What the layers' times lack of `plainLatencyMs.median`. */
  readonly unattributedMs: number | null;
  /** What the trace added to each call of a node; taken off all times of nodes. */
  readonly traceCostMs: number | null;
  /** As the trace tells, or as asked until there is one. */
  readonly threads: number;
  /** Slowest first. */
  readonly executed: readonly ExecutedTime[];
  readonly layers: ReadonlyMap<string, LayerTime & { readonly ran: Fate }>;
  readonly nodes: ReadonlyMap<string, number>;
  readonly complete: boolean;
}

/** Where each round's share of the progress ends. */
const ends = { whole: 0.35, plain: 0.5, nodes: 0.85, executed: 1 };

/** The rounds beside the whole and the nodes need fewer runs: one median, and the order of what ran. */
const fewerRuns = (runs: number) => Math.max(3, Math.ceil(runs / 3));

/**
 * Measures a model in four rounds: as it is and optimised, for the truth; with optimisations off, for the whole that the nodes' times are parts
 * of, without a trace because writing one takes longer than small nodes do; the same with a trace, for the time of each node; and optimised with
 * a trace, for what runs instead of the nodes. Throws what the runtime refuses; `cancelled` between runs.
 */
export async function profile(input: ProfileInput): Promise<ProfileResult> {
  const { structure, runner, threads, progress } = input;
  const whole = await wholeRound(input);
  const known = (result: Partial<ProfileResult>) => {
    const merged = { ...nothingYet, threads, ...whole, ...result };
    input.partial(merged);
    return merged;
  };
  known({});
  const model = traceable(structure.index, input.file);
  const { runs } = input;
  const plainTimes = await marked(input, (options) =>
    wholeTimes(runner, model, options, {
      ...repeatsOf(input, fewerRuns(runs), 'plain runs'),
      progress: partOf(progress, ends.whole, ends.plain),
    }),
  );
  const nodes = await marked(input, (options) =>
    traceRound(
      runner,
      model,
      structure.index,
      { ...options, optimize: 'none' },
      {
        ...repeatsOf(input, runs, 'runs node by node'),
        progress: partOf(progress, ends.plain, ends.nodes),
      },
      input,
    ),
  );
  const attributed = plainResult(spreadOf(plainTimes), nodes, structure, threads);
  known(attributed);
  const executed = await marked(input, (options) =>
    traceRound(
      runner,
      model,
      structure.index,
      { ...options, optimize: 'all' },
      {
        ...repeatsOf(input, fewerRuns(runs), 'runs of the optimised graph'),
        progress: partOf(progress, ends.nodes, ends.executed),
      },
      input,
    ),
  );
  return {
    ...known({ ...attributed, ...executedResult(executed, attributed, structure) }),
    complete: true,
  };
}

type RoundOptions = Pick<SessionOptions, 'threads' | 'provider' | 'name'>;

/** A round that runs the marked copy: its messages are told in the model's own names. */
async function marked<T>(
  { file, threads, provider, structure }: ProfileInput,
  round: (options: RoundOptions) => Promise<T>,
): Promise<T> {
  try {
    return await round({ threads, provider, name: nameOf(file) });
  } catch (error) {
    throw inTheModelsNames(error, structure);
  }
}

function repeatsOf(input: ProfileInput, runs: number, what: string): Omit<Repeats, 'progress'> {
  const { warmup, feeds, signal } = input;
  return { warmup, runs, feeds, signal, what };
}

async function wholeTimes(
  runner: Runner,
  { bytes, folder }: Traceable,
  options: RoundOptions,
  repeats: Repeats,
): Promise<number[]> {
  const plain = { ...options, optimize: 'none', externalFolder: folder } as const;
  const session = await runner.load(bytes, plain);
  try {
    return await repeat(session, repeats);
  } finally {
    await session.release();
  }
}

const nothingYet: Omit<ProfileResult, 'latencyMs' | 'loadMs' | 'threads'> = {
  plainLatencyMs: null,
  peakMemoryBytes: null,
  unattributedMs: null,
  traceCostMs: null,
  executed: [],
  layers: new Map(),
  nodes: new Map(),
  complete: false,
};

const nameOf = (file: string) => file.split(/[/\\]/).at(-1) ?? file;

/** How often a growing median is worth telling, in milliseconds. */
const tellEveryMs = 400;

async function wholeRound(input: ProfileInput) {
  const { file, runner, threads, provider, runs } = input;
  const memory = watchMemory();
  input.progress(0, 'loading the model');
  const session = await runner.load(file, { threads, provider, optimize: 'all' });
  const { loadMs } = session;
  let told = performance.now();
  const tell = (times: readonly number[]) => {
    if (performance.now() - told < tellEveryMs) return;
    told = performance.now();
    input.partial({ ...nothingYet, threads, loadMs, latencyMs: spreadOf(times) });
  };
  try {
    const progress = partOf(input.progress, 0, ends.whole);
    const times = await repeat(session, { ...repeatsOf(input, runs, 'runs'), progress }, tell);
    return { latencyMs: spreadOf(times), loadMs, peakMemoryBytes: memory.peak() };
  } finally {
    await session.release();
  }
}

function plainResult(
  plainLatencyMs: Spread,
  round: TracedRound,
  structure: Structure,
  threads: number,
) {
  const traceCostMs = traceCost(round.trace.runs, plainLatencyMs.median);
  const { layers, nodes } = attribute(round.trace.runs, round.executed, structure, traceCostMs);
  const attributedMs = [...layers.values()].reduce((sum, { timeMs }) => sum + timeMs, 0);
  const unknown: Fate = { how: 'unknown', ops: [] };
  return {
    plainLatencyMs,
    // Medians of parts may add up to a little more than the median of the whole.
    unattributedMs: Math.max(0, plainLatencyMs.median - attributedMs),
    traceCostMs,
    threads: round.trace.threads ?? threads,
    layers: new Map([...layers].map(([id, time]) => [id, { ...time, ran: unknown }])),
    nodes,
  };
}

function executedResult(
  round: TracedRound,
  plain: Pick<ProfileResult, 'layers'> & { readonly traceCostMs: number },
  structure: Structure,
): Pick<ProfileResult, 'executed' | 'layers'> {
  const times = executedTimes(round.trace.runs, plain.traceCostMs);
  const fates = layerFates(structure, round.executed, round.folded);
  const executed = round.executed
    .map(({ name, op, how, sources }) => ({
      name: unmarked(name, structure.index),
      op,
      timeMs: times.get(name) ?? 0,
      layers: [...new Set(sources.flatMap(({ id }) => structure.layerOf.get(id)?.id ?? []))],
      how,
    }))
    .sort((a, b) => b.timeMs - a.timeMs);
  const layers = new Map(
    [...plain.layers].map(([id, time]) => [id, { ...time, ran: fates.get(id) ?? time.ran }]),
  );
  return { executed, layers };
}

/** Messages of the rounds that run the marked copy. */
function inTheModelsNames(error: unknown, structure: Structure): unknown {
  if (!(error instanceof UserError)) return error;
  return new UserError(error.code, unmarked(messageOf(error), structure.index), error.hint);
}
