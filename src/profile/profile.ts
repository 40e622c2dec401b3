import type { ByteSource } from '../base/bytes';
import { messageOf, UserError } from '../base/errors';
import { partOf, type Progress } from '../base/progress';
import type { Feeds, Runner } from '../runtime/runner';
import type { Structure } from '../structure/structure';
import type { ExecutedNode } from './executed';
import { type Fate, layerFates } from './fate';
import { watchMemory } from './memory';
import { repeat, type Repeats, traceRound, type TracedRound } from './rounds';
import { type Spread, spreadOf } from './spread';
import { attribute, executedTimes, layerSum, type LayerTime, traceCost } from './timings';
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
  /** The part of it that nodes did take, now one and now another: other work on the machine. */
  readonly disturbedMs: number | null;
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

interface Round {
  /** For progress: "12 of 30 runs". */
  readonly what: string;
  /** The share of the progress. */
  readonly from: number;
  readonly to: number;
  /** Enough for one median, or for the order of what ran. */
  readonly isShort: boolean;
}

const rounds = {
  whole: { what: 'runs', from: 0, to: 0.35, isShort: false },
  plain: { what: 'plain runs', from: 0.35, to: 0.5, isShort: true },
  nodes: { what: 'runs node by node', from: 0.5, to: 0.85, isShort: false },
  executed: { what: 'runs of the optimised graph', from: 0.85, to: 1, isShort: true },
} as const satisfies Record<string, Round>;

/**
 * Measures a model in four rounds: as it is and optimised, for the truth; with optimisations off, for the whole that the nodes' times are parts
 * of, without a trace because writing one takes longer than small nodes do; the same with a trace, for the time of each node; and optimised with
 * a trace, for what runs instead of the nodes. Throws what the runtime refuses; `cancelled` between runs.
 */
export async function profile(input: ProfileInput): Promise<ProfileResult> {
  const { structure, threads } = input;
  const whole = await wholeRound(input);
  const known = (result: Partial<ProfileResult>) => {
    const merged = { ...nothingYet, threads, ...whole, ...result };
    input.partial(merged);
    return merged;
  };
  known({});
  try {
    const model = traceable(structure.index, input.file);
    const plain = await plainRound(input, model);
    const nodes = await tracedRound(input, model, 'none', rounds.nodes);
    const attributed = plainResult(plain, nodes, structure, threads);
    known(attributed);
    const executed = await tracedRound(input, model, 'all', rounds.executed);
    const result = known({ ...attributed, ...executedResult(executed, attributed, structure) });
    return { ...result, complete: true };
  } catch (error) {
    throw inTheModelsNames(error, structure);
  }
}

function repeatsOf(input: ProfileInput, { what, from, to, isShort }: Round): Repeats {
  const { warmup, feeds, signal } = input;
  const runs = isShort ? Math.max(3, Math.ceil(input.runs / 3)) : input.runs;
  return { warmup, runs, feeds, signal, progress: partOf(input.progress, from, to), what };
}

async function plainRound(input: ProfileInput, model: Traceable): Promise<Spread> {
  const session = await input.runner.load(model.bytes, {
    ...optionsOf(input),
    optimize: 'none',
    externalFolder: model.folder,
  });
  try {
    return spreadOf(await repeat(session, repeatsOf(input, rounds.plain)));
  } finally {
    await session.release();
  }
}

function tracedRound(
  input: ProfileInput,
  model: Traceable,
  optimize: 'none' | 'all',
  round: Round,
): Promise<TracedRound> {
  const options = { ...optionsOf(input), optimize };
  return traceRound(
    input.runner,
    model,
    input.structure.index,
    options,
    repeatsOf(input, round),
    input,
  );
}

function optionsOf({ threads, provider, file }: ProfileInput) {
  return { threads, provider, name: nameOf(file) };
}

const nothingYet: Omit<ProfileResult, 'latencyMs' | 'loadMs' | 'threads'> = {
  plainLatencyMs: null,
  peakMemoryBytes: null,
  unattributedMs: null,
  disturbedMs: null,
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
  const { file, runner, threads } = input;
  const memory = watchMemory();
  input.progress(0, 'loading the model');
  const session = await runner.load(file, { ...optionsOf(input), optimize: 'all' });
  const { loadMs } = session;
  let told = performance.now();
  const tell = (times: readonly number[]) => {
    if (performance.now() - told < tellEveryMs) return;
    told = performance.now();
    input.partial({ ...nothingYet, threads, loadMs, latencyMs: spreadOf(times) });
  };
  try {
    const times = await repeat(session, repeatsOf(input, rounds.whole), tell);
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
  const { executed, trace } = round;
  const traceCostMs = traceCost(trace.runs, executed, structure, plainLatencyMs.median);
  const attributed = attribute(trace.runs, executed, structure, traceCostMs);
  const { layers, nodes, togetherMs } = attributed;
  const attributedMs = layerSum(attributed);
  // Medians of parts may add up to a little more than the median of the whole.
  const unattributedMs = Math.max(0, plainLatencyMs.median - attributedMs);
  const unknown: Fate = { how: 'unknown', ops: [] };
  return {
    plainLatencyMs,
    unattributedMs,
    disturbedMs: Math.min(unattributedMs, Math.max(0, togetherMs - attributedMs)),
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
