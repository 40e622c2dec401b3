import { basename, join } from 'node:path';
import { version } from '../../package.json';
import { UserError } from '../base/errors';
import { partOf } from '../base/progress';
import type { CompareRequest, Comparison, Estimate, OutputFigures } from '../protocol/build';
import type { CallContext } from '../protocol/rpc';
import { inputSpecs } from '../runtime/inputs';
import { purposeOf } from '../runtime/purpose';
import type { Feeds, Runner, Session } from '../runtime/runner';
import { compareOutputs } from '../verify/agreement';
import { adaptFeeds, type Side } from '../verify/alignment';
import { proveKernels } from '../verify/kernels';
import { compareLatency } from '../verify/latency';
import { layerChanges } from '../verify/layers';
import type { Estimate as HalfWidth, OutputDifference, OutputOptions } from '../verify/outputs';
import { mainOutput, readingOf } from '../verify/reading';
import { evaluationInputs, madeUp, type Evaluation } from './inputs';
import { checkMemory } from './memory';
import { modelBytes } from './modelBytes';
import type { Models, SizedModel } from './models';
import { loadRunner } from './runtime';
import { withTemporaryFolder } from './temporaryFolder';

/** Where in the progress each part of the work ends. */
const shares = { loaded: 0.1, timed: 0.4 } as const;

/**
 * Holds a candidate against the original: what became of every layer, which kernels run, latency in turn, and the outputs of both on all
 * samples of the data. Tells what is known from the first batch on. Throws what the files, the data and the runtime refuse.
 */
export async function compare(
  models: Models,
  request: CompareRequest,
  { signal, progress, partial }: CallContext,
): Promise<Comparison> {
  checkRequest(request);
  const pair = openPair(models, request);
  const evaluation = evaluationInputs(pair.reference, request.data, request.seed);
  const runner = await loadRunner();
  const counted = { runtime: runner.version, ...countedFigures(pair, evaluation) };
  const kernels = await kernelsOf(runner, pair.candidate, request.threads);
  const sessions = await loadPair(runner, pair, request.threads);
  try {
    progress(shares.loaded, 'loaded both models');
    const latency = await latencyOf(sessions, pair, evaluation, request, {
      signal,
      progress: partOf(progress, shares.loaded, shares.timed),
    });
    const known = { ...counted, kernels, latency, loadMs: loadTimes(sessions) };
    const main = mainOutput(pair.reference.structure, sessions.reference.outputs) ?? '';
    const asComparison = (found: ReadonlyMap<string, OutputDifference>, complete: boolean) => ({
      ...known,
      ...outputFigures(found, main),
      complete,
    });
    const found = await compareOutputs(
      { ...sessions, sides: sidesOf(pair, sessions) },
      {
        ...{ readings: readingsOf(pair.reference, sessions.reference.outputs), signal },
        ...{ samples: evaluation.samples, batches: evaluation.batches },
        progress: partOf(progress, shares.timed, 1),
        partial: (soFar) => partial(asComparison(soFar, false)),
      },
    );
    return asComparison(found, true);
  } finally {
    await sessions.reference.release();
    await sessions.candidate.release();
  }
}

interface Pair<T> {
  readonly reference: T;
  readonly candidate: T;
}

function checkRequest({ rounds, warmup, threads }: CompareRequest): void {
  const wrong = Object.entries({ rounds, warmup, threads }).find(
    ([, value]) => !Number.isSafeInteger(value) || value < 0,
  );
  if (wrong) throw new UserError('badInput', `${wrong[0]} cannot be ${wrong[1]}.`);
  if (rounds < 1) throw new UserError('badInput', 'At least one round is needed.');
}

/** The sizes asked for are those of the original; the candidate need not have inputs of the same names. */
function openPair(models: Models, request: CompareRequest): Pair<SizedModel> {
  const { file, candidate, dims, shapes } = request;
  const pair = {
    reference: models.sized(file, { dims, shapes }),
    candidate: models.sized(candidate, {}),
  };
  checkMemory(pair.reference);
  checkMemory(pair.candidate);
  return pair;
}

async function loadPair(
  runner: Runner,
  { reference, candidate }: Pair<SizedModel>,
  threads: number,
): Promise<Pair<Session>> {
  const options = { threads, provider: 'cpu', optimize: 'all' } as const;
  const first = await runner.load(reference.file, options);
  try {
    return { reference: first, candidate: await runner.load(candidate.file, options) };
  } catch (error) {
    await first.release();
    throw error;
  }
}

function kernelsOf(runner: Runner, { structure, file }: SizedModel, threads: number) {
  return withTemporaryFolder((folder, open) =>
    proveKernels(structure, {
      ...{ runner, file, threads, open },
      optimizedFile: join(folder, 'executed.onnx'),
    }),
  );
}

/** What is known without running. */
function countedFigures({ reference, candidate }: Pair<SizedModel>, evaluation: Evaluation) {
  return {
    featherweight: version,
    reference: basename(reference.file),
    candidate: basename(candidate.file),
    bytes: { reference: modelBytes(reference), candidate: modelBytes(candidate) },
    data: evaluation.data,
    samples: 0,
    leftOut: evaluation.leftOut,
    peakMemoryBytes: { reference: null, candidate: null },
    layers: layerChanges(reference.structure, candidate.structure),
  };
}

const loadTimes = ({ reference, candidate }: Pair<Session>) => ({
  reference: reference.loadMs,
  candidate: candidate.loadMs,
});

/** At the sizes asked for; else on a sample of the data of usual length, or at the model's own sizes. */
async function latencyOf(
  { reference, candidate }: Pair<Session>,
  pair: Pair<SizedModel>,
  evaluation: Evaluation,
  request: CompareRequest,
  context: Pick<CallContext, 'signal' | 'progress'>,
): Promise<Comparison['latency']> {
  const { dims, shapes, rounds, warmup, threads, seed } = request;
  const isAsked = Object.keys({ ...dims, ...shapes }).length > 0;
  const feeds = isAsked ? madeUp(pair.reference, seed) : evaluation.typical();
  const adapt = adaptFeeds(...sidesOf(pair, { reference, candidate }));
  const measured = await compareLatency(
    { session: reference, feeds },
    { session: candidate, feeds: adapt(feeds) },
    { rounds, warmup, ...context },
  );
  return { ...measured, threads, inputs: shapesOf(feeds) };
}

const shapesOf = (feeds: Feeds) =>
  Object.entries(feeds).map(([name, { shape }]) => ({ name, shape: [...shape] }));

function sidesOf(pair: Pair<SizedModel>, sessions: Pair<Session>): readonly [Side, Side] {
  const side = (of: keyof Pair<unknown>): Side => ({
    name: basename(pair[of].file),
    inputs: inputSpecs(pair[of].index.model),
    outputs: sessions[of].outputs,
  });
  return [side('reference'), side('candidate')];
}

function readingsOf(
  sized: SizedModel,
  outputs: readonly string[],
): ReadonlyMap<string, OutputOptions> {
  const { structure } = sized;
  const tokens = structure.family === 'decoder' ? tokensInput(sized) : undefined;
  return new Map(
    outputs.map((output) => {
      const reading = readingOf(structure, output);
      return [output, tokens === undefined ? { reading } : { reading, tokens }];
    }),
  );
}

function tokensInput({ index, shapes }: SizedModel): string | undefined {
  const isTokens = (spec: ReturnType<typeof inputSpecs>[number]) =>
    purposeOf(spec, index, shapes).kind === 'ids';
  return inputSpecs(index.model).find(isTokens)?.name;
}

function outputFigures(found: ReadonlyMap<string, OutputDifference>, main: string) {
  const [first] = found;
  const output = found.has(main) ? main : (first?.[0] ?? main);
  const difference = found.get(output);
  const { sqnrDb, cosine, maxError, meanError, broken } = figuresOf(output, difference);
  return {
    samples: difference?.samples ?? 0,
    ...{ output, sqnrDb, cosine, maxError, meanError, broken },
    metric: difference?.kl ? ('classes' as const) : ('values' as const),
    accuracy: accuracyOf(difference),
    agreement: intervalOf(difference?.agreement),
    kl: intervalOf(difference?.kl),
    perplexity: perplexityOf(difference),
    outputs: [...found].map(([name, each]) => figuresOf(name, each)),
  };
}

function figuresOf(name: string, difference: OutputDifference | undefined): OutputFigures {
  return {
    name,
    sqnrDb: finite(difference?.sqnrDb),
    cosine: finite(difference?.cosine),
    maxError: difference?.largestFinite ?? 0,
    meanError: finite(difference?.meanError) ?? 0,
    broken: difference?.broken ?? 0,
  };
}

function accuracyOf(difference: OutputDifference | undefined): Comparison['accuracy'] {
  const accuracy = difference?.accuracy;
  const interval = intervalOf(accuracy?.difference);
  return accuracy && interval ? { ...accuracy, difference: interval } : null;
}

function perplexityOf(difference: OutputDifference | undefined): Comparison['perplexity'] {
  const perplexity = difference?.perplexity;
  const interval = intervalOf(perplexity?.logRatio);
  if (!perplexity || !interval) return null;
  const { reference, candidate, tokens } = perplexity;
  const ratio = {
    mean: Math.exp(interval.mean),
    low: Math.exp(interval.low),
    high: Math.exp(interval.high),
  };
  return { reference, candidate, tokens, ratio };
}

const finite = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** Null where it has no meaning, as for a mean of infinite values; an interval of one sample is not known, and shown as none. */
function intervalOf(estimate: HalfWidth | undefined): Estimate | null {
  if (!estimate || !Number.isFinite(estimate.mean)) return null;
  const { mean } = estimate;
  const halfWidth = Number.isFinite(estimate.halfWidth) ? estimate.halfWidth : 0;
  return { mean, low: mean - halfWidth, high: mean + halfWidth };
}
