import type { ByteSource } from '../base/bytes';
import { messageOf, UserError } from '../base/errors';
import { partOf, type Progress } from '../base/progress';
import type { Feeds, Runner } from '../runtime/runner';
import type { Structure } from '../structure/structure';
import type { ExecutedNode } from './executed';
import { type Fate, layerFates } from './fate';
import { watchMemory } from './memory';
import { repeat, traceRound, type TracedRound } from './rounds';
import { type Spread, spreadOf } from './spread';
import { attribute, executedTimes, type LayerTime } from './timings';
import { traceable, unmarked } from './traceable';

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
  /** Of the whole with optimisations off and the trace on, as the nodes' times were taken. */
  readonly plainLatencyMs: Spread | null;
  readonly loadMs: number;
  readonly peakMemoryBytes: number | null;
  /** What the layers' times lack of `plainLatencyMs.median`. */
  readonly unattributedMs: number | null;
  /** As the trace tells, or as asked until there is one. */
  readonly threads: number;
  /** Slowest first. */
  readonly executed: readonly ExecutedTime[];
  readonly layers: ReadonlyMap<string, LayerTime & { readonly ran: Fate }>;
  readonly nodes: ReadonlyMap<string, number>;
  readonly complete: boolean;
}

/** Rounds and the share of the progress that each takes: the executed graph needs fewer runs to rank its nodes. */
const rounds = { whole: 0.4, plain: 0.85, executed: 1 };

/** The runs of the round that times the executed graph. */
const executedRuns = (runs: number) => Math.max(3, Math.ceil(runs / 3));

/**
 * Measures a model in three rounds: as it is and optimised, for the truth; with optimisations off and a trace, for the time of each node; and
 * optimised with a trace, for what runs instead of the nodes. Throws what the runtime refuses; `cancelled` between runs.
 */
export async function profile(input: ProfileInput): Promise<ProfileResult> {
  const { structure, runner, threads, provider, signal, progress } = input;
  const whole = await wholeRound(input);
  const known = (result: Partial<ProfileResult>) => {
    const merged = { ...nothingYet, threads, ...whole, ...result };
    input.partial(merged);
    return merged;
  };
  known({});
  const model = traceable(structure.index, input.file);
  const traced = async (optimize: 'none' | 'all', runs: number, what: string, part: Progress) => {
    const repeats = {
      warmup: input.warmup,
      runs,
      feeds: input.feeds,
      signal,
      progress: part,
      what,
    };
    const options = { threads, provider, optimize, name: nameOf(input.file) };
    try {
      return await traceRound(runner, model, structure.index, options, repeats, input);
    } catch (error) {
      throw inTheModelsNames(error, structure);
    }
  };
  const plain = await traced(
    'none',
    input.runs,
    'runs node by node',
    partOf(progress, rounds.whole, rounds.plain),
  );
  const attributed = plainResult(plain, structure, threads);
  known(attributed);
  const executed = await traced(
    'all',
    executedRuns(input.runs),
    'runs of the optimised graph',
    partOf(progress, rounds.plain, rounds.executed),
  );
  return {
    ...known({ ...attributed, ...executedResult(executed, attributed, structure) }),
    complete: true,
  };
}

const nothingYet: Omit<ProfileResult, 'latencyMs' | 'loadMs' | 'threads'> = {
  plainLatencyMs: null,
  peakMemoryBytes: null,
  unattributedMs: null,
  executed: [],
  layers: new Map(),
  nodes: new Map(),
  complete: false,
};

const nameOf = (file: string) => file.split(/[/\\]/).at(-1) ?? file;

/** How often a growing median is worth telling, in milliseconds. */
const tellEveryMs = 400;

async function wholeRound(input: ProfileInput) {
  const { file, runner, threads, provider, warmup, runs, feeds, signal } = input;
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
    const progress = partOf(input.progress, 0, rounds.whole);
    const repeats = { warmup, runs, feeds, signal, progress, what: 'runs' };
    const times = await repeat(session, repeats, tell);
    return { latencyMs: spreadOf(times), loadMs, peakMemoryBytes: memory.peak() };
  } finally {
    await session.release();
  }
}

function plainResult(round: TracedRound, structure: Structure, threads: number) {
  const { layers, nodes } = attribute(round.trace.runs, round.executed, structure);
  const plainLatencyMs = spreadOf(round.times);
  const attributedMs = [...layers.values()].reduce((sum, { timeMs }) => sum + timeMs, 0);
  const unknown: Fate = { how: 'unknown', ops: [] };
  return {
    plainLatencyMs,
    // Medians of parts may add up to a little more than the median of the whole.
    unattributedMs: Math.max(0, plainLatencyMs.median - attributedMs),
    threads: round.trace.threads ?? threads,
    layers: new Map([...layers].map(([id, time]) => [id, { ...time, ran: unknown }])),
    nodes,
  };
}

function executedResult(
  round: TracedRound,
  plain: Pick<ProfileResult, 'layers'>,
  structure: Structure,
): Pick<ProfileResult, 'executed' | 'layers'> {
  const times = executedTimes(round.trace.runs);
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
