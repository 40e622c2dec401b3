import { basename, join } from 'node:path';
import { version } from '../../package.json';
import { isCancelled, isUserError, UserError } from '../base/errors';
import { partOf, type Progress } from '../base/progress';
import type { CompareRequest, Comparison, LayerChange } from '../protocol/build';
import type { CallContext } from '../protocol/rpc';
import { inputSpecs } from '../runtime/inputs';
import type { Feeds, Runner, Session } from '../runtime/runner';
import { compareOutputs } from '../verify/agreement';
import { adaptFeeds } from '../verify/alignment';
import { proveKernels } from '../verify/kernels';
import { compareLatency, loadedInTurn } from '../verify/latency';
import { layerErrors } from '../verify/layerErrors';
import { layerChanges } from '../verify/layers';
import type { OutputOptions } from '../verify/outputs';
import { mainOutput, readingOf } from '../verify/reading';
import { footprintApart } from './footprintApart';
import { evaluationInputs, madeUp, type Evaluation } from './inputs';
import { checkMemory } from './memory';
import { modelBytes } from './modelBytes';
import type { Models, SizedModel } from './models';
import { outputFigures } from './outputFigures';
import { loadRunner } from './runtime';
import { withTemporaryFolder } from './temporaryFolder';
import { tokensInput } from './tokensInput';

/** Where in the progress each part of the work ends. */
const shares = { kernels: 0.05, memory: 0.15, timed: 0.4, outputs: 0.95 } as const;

/** Samples that are enough to tell the worst layers. */
const samplesForLayers = 8;

interface Pair<T> {
  readonly reference: T;
  readonly candidate: T;
}

/** What is compared, and how. */
interface Comparing {
  readonly models: Pair<SizedModel>;
  readonly request: CompareRequest;
  readonly evaluation: Evaluation;
  readonly runner: Runner;
  /** What the timed runs are given. */
  readonly feeds: Pair<Feeds>;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/**
 * Holds a candidate against the original: what became of every layer, which kernels run, latency in turn, and the outputs of both on all
 * samples of the data. Tells what is known from the first batch on. With `program`, the engine's own, memory and load time are taken in
 * processes of their own; memory is not known without. Throws what the files, the data and the runtime refuse.
 */
export async function compare(
  models: Models,
  request: CompareRequest,
  context: CallContext,
  program?: string,
): Promise<Comparison> {
  const comparing = await prepare(models, request, context);
  const { progress } = context;
  const kernels = await kernelsOf(comparing);
  progress(shares.kernels, 'read the kernels');
  const apart = program === undefined ? undefined : await footprints(program, comparing);
  progress(shares.memory, 'measured memory');
  const known = { ...countedFigures(comparing), kernels };
  const compared = await withSessions(comparing, async (sessions) => {
    const latency = await latencyOf(sessions, comparing);
    const { reference, candidate } = sessions;
    const loadMs = { reference: reference.loadMs, candidate: candidate.loadMs };
    return withOutputs(
      { ...known, latency, loadMs, ...apart },
      sessions,
      comparing,
      context.partial,
    );
  });
  return { ...compared, layers: await withErrors(compared.layers, comparing), complete: true };
}

async function prepare(
  opened: Models,
  request: CompareRequest,
  { signal, progress }: CallContext,
): Promise<Comparing> {
  checkRequest(request);
  const { file, candidate, dims, shapes, data, seed } = request;
  // The sizes asked for are those of the original; the candidate need not have inputs of the same names.
  const models = {
    reference: opened.sized(file, { dims, shapes }),
    candidate: opened.sized(candidate, {}),
  };
  checkMemory(models.reference);
  checkMemory(models.candidate);
  const evaluation = evaluationInputs(models.reference, data, seed, request);
  // At the sizes asked for; else on a sample of usual length, or at the model's own sizes.
  const isAsked = Object.keys({ ...dims, ...shapes }).length > 0;
  const reference = isAsked ? madeUp(models.reference, seed) : evaluation.typical();
  const feeds = { reference, candidate: adaptFeeds(...takersOf(models))(reference) };
  return { models, request, evaluation, runner: await loadRunner(), feeds, signal, progress };
}

function checkRequest({ rounds, warmup, threads }: CompareRequest): void {
  const wrong = Object.entries({ rounds, warmup, threads }).find(
    ([, value]) => !Number.isSafeInteger(value) || value < 0,
  );
  if (wrong) throw new UserError('badInput', `${wrong[0]} cannot be ${wrong[1]}.`);
  if (rounds < 1) throw new UserError('badInput', 'At least one round is needed.');
}

function takersOf({ reference, candidate }: Pair<SizedModel>) {
  const taker = ({ file, index }: SizedModel) => ({
    name: basename(file),
    inputs: inputSpecs(index.model),
  });
  return [taker(reference), taker(candidate)] as const;
}

function kernelsOf({ runner, request, models: { candidate } }: Comparing) {
  return withTemporaryFolder((folder, open) =>
    proveKernels(candidate.structure, {
      ...{ runner, file: candidate.file, threads: request.threads, open },
      optimizedFile: join(folder, 'executed.onnx'),
    }),
  );
}

/** One after the other, so that neither disturbs the other. */
async function footprints(
  program: string,
  { models, request: { threads }, feeds, signal }: Comparing,
): Promise<Pick<Comparison, 'loadMs' | 'peakMemoryBytes'>> {
  const of = (side: keyof Pair<unknown>) =>
    footprintApart(program, { file: models[side].file, threads, feeds: feeds[side] }, signal);
  const reference = await of('reference');
  const candidate = await of('candidate');
  return {
    loadMs: { reference: reference.loadMs, candidate: candidate.loadMs },
    peakMemoryBytes: {
      reference: reference.peakMemoryBytes,
      candidate: candidate.peakMemoryBytes,
    },
  };
}

async function withSessions<T>(
  { runner, models, request }: Comparing,
  work: (sessions: Pair<Session>) => Promise<T>,
): Promise<T> {
  const options = { ...loadedInTurn, threads: request.threads };
  const reference = await runner.load(models.reference.file, options);
  try {
    const candidate = await runner.load(models.candidate.file, options);
    try {
      return await work({ reference, candidate });
    } finally {
      await candidate.release();
    }
  } finally {
    await reference.release();
  }
}

/** Layers with how far their results are from the original's; as they are where the runtime refuses to hand those out. */
async function withErrors(
  layers: readonly LayerChange[],
  { models, runner, request, evaluation, signal, progress }: Comparing,
): Promise<LayerChange[]> {
  const adapt = adaptFeeds(...takersOf(models));
  const watch = ({ file, structure }: SizedModel, feeds: (given: Feeds) => Feeds) => ({
    ...{ file, structure, feeds },
  });
  try {
    const found = await layerErrors(
      watch(models.reference, (feeds) => feeds),
      watch(models.candidate, adapt),
      {
        ...{ runner, signal, threads: request.threads },
        samples: evaluation.few(samplesForLayers),
        progress: partOf(progress, shares.outputs, 1),
      },
    );
    return layers.map((change) => {
      const sqnrDb = found.get(change.layer);
      return sqnrDb === undefined ? change : { ...change, sqnrDb };
    });
  } catch (error) {
    // Some values cannot be made outputs; everything else is known by now.
    if (isUserError(error) && !isCancelled(error)) return [...layers];
    throw error;
  }
}

/** What is known without running. */
function countedFigures({ models: { reference, candidate }, evaluation, runner }: Comparing) {
  return {
    featherweight: version,
    runtime: runner.version,
    reference: basename(reference.file),
    candidate: basename(candidate.file),
    bytes: { reference: modelBytes(reference), candidate: modelBytes(candidate) },
    data: evaluation.data,
    facts: evaluation.facts,
    leftOut: evaluation.leftOut,
    peakMemoryBytes: { reference: null, candidate: null },
    layers: layerChanges(reference.structure, candidate.structure),
  };
}

async function latencyOf(
  sessions: Pair<Session>,
  { feeds, request: { rounds, warmup, threads }, signal, progress }: Comparing,
): Promise<Comparison['latency']> {
  const measured = await compareLatency(
    { session: sessions.reference, feeds: feeds.reference },
    { session: sessions.candidate, feeds: feeds.candidate },
    { rounds, warmup, signal, progress: partOf(progress, shares.memory, shares.timed) },
  );
  const inputs = Object.entries(feeds.reference).map(([name, { shape }]) => ({
    name,
    shape: [...shape],
  }));
  return { ...measured, threads, inputs };
}

type Known = Omit<Comparison, keyof ReturnType<typeof outputFigures> | 'complete'>;

async function withOutputs(
  known: Known,
  sessions: Pair<Session>,
  { models, evaluation: { samples, batches }, signal, progress }: Comparing,
  partial: CallContext['partial'],
): Promise<Comparison> {
  const { outputs } = sessions.reference;
  const [reference, candidate] = takersOf(models);
  const main = mainOutput(models.reference.structure, outputs) ?? '';
  const sides = [
    { ...reference, outputs },
    { ...candidate, outputs: sessions.candidate.outputs },
  ] as const;
  const found = await compareOutputs(
    { ...sessions, sides },
    {
      ...{ samples, batches, signal, readings: readingsOf(models.reference, outputs) },
      progress: partOf(progress, shares.timed, shares.outputs),
      partial: (soFar) => partial({ ...known, ...outputFigures(soFar, main), complete: false }),
    },
  );
  return { ...known, ...outputFigures(found, main), complete: false };
}

function readingsOf(
  sized: SizedModel,
  outputs: readonly string[],
): ReadonlyMap<string, OutputOptions> {
  const { structure } = sized;
  const tokens = tokensInput(sized);
  return new Map(
    outputs.map((output) => {
      const reading = readingOf(structure, output);
      return [output, tokens === undefined ? { reading } : { reading, tokens }];
    }),
  );
}
