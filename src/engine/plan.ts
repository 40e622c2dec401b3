import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../base/errors';
import { partOf } from '../base/progress';
import { type LayerOption, type LayerOptions, measureOptions } from '../build/plan/options';
import { planChoiceOf } from '../build/plan/choices';
import { stepsOf } from '../build/plan/steps';
import { namesFor, rememberLast } from '../onnx/builder';
import type { Plan, PlanLimit, PlannedLayer, PlanRequest } from '../protocol/plan';
import type { CallContext } from '../protocol/rpc';
import { candidatesOf } from '../sensitivity/candidates';
import { type MetricName, metrics } from '../sensitivity/metrics/index';
import { defaultSamples, openCalibration } from './calibration';
import { damageJudge } from './damage';
import type { SizedModel } from './models';
import { choose, predictedOf } from './planChoice';
import { layerLatencies, type LayerLatencies, medianLatency } from './planLatency';
import { type Attempt, bestOf, corrected, keeps, limitText } from './planRepair';
import { answersOf, type Trial, tryPlan } from './planTrial';
import { loadRunner } from './runtime';
import { withTemporaryFolder } from './temporaryFolder';

/** Where in the progress measuring the layers ends and trying plans begins. */
const measuringShare = 0.8;
/** Plans that are made and measured before the best so far is taken. */
const mostAttempts = 6;
/** For values of the unchanged model that are kept while layers are tried. */
const keptBytes = 1e9;

/**
 * Chooses an action for every layer within a limit: every choice of every layer is measured by itself, the best sum is found exactly, the
 * whole model is made and measured, and the limit on the sum is corrected where the sum was wrong. Throws what the data and the model
 * refuse, and `badInput` for a limit that nothing keeps.
 */
export async function plan(
  sized: SizedModel,
  request: PlanRequest,
  context: CallContext,
): Promise<Plan> {
  const started = performance.now();
  const { metric, score } = damageJudge(sized);
  const runner = await loadRunner();
  return withTemporaryFolder(async (folder) => {
    const common = { runner, data: request.data, folder, threads: request.threads };
    const calibration = openCalibration(sized, { ...common, samples: defaultSamples });
    const samples = openCalibration(sized, { ...common, samples: request.samples });
    const trial: Trial = {
      ...{ calibration, samples, folder, score, runner, threads: request.threads },
      references: await answersOf(sized, samples),
    };
    const measured = await measureLayers(sized, request, trial, context);
    const attempts = await tryPlans(sized, request, { ...trial, ...measured, metric }, context);
    const best = bestOf(attempts, request.limit);
    if (!best) throw nothingKeeps(request.limit);
    const { title, unit } = metrics[metric];
    return {
      limit: request.limit,
      metric: { name: metric, title, unit },
      data: samples.name,
      samples: samples.samples,
      steps: [...best.steps],
      layers: plannedLayers(measured.layers, best.chosen),
      predicted: best.predicted,
      measured: best.figures,
      attempts: attempts.map(({ predicted, figures }) => ({ predicted, measured: figures })),
      kept: keeps(request.limit, best.figures),
      seconds: (performance.now() - started) / 1000,
    };
  });
}

/** What every choice costs on every layer. */
interface Measurements {
  readonly layers: readonly LayerOptions[];
  /** Only for a limit of time. */
  readonly latencies: LayerLatencies | undefined;
  readonly partners: ReadonlyMap<string, readonly string[]>;
}

async function measureLayers(
  sized: SizedModel,
  { limit, threads }: PlanRequest,
  { calibration, samples, folder, score }: Trial,
  { signal, progress }: CallContext,
): Promise<Measurements> {
  const { structure, external, index } = sized;
  const { layers, skipped } = candidatesOf(structure);
  const bench = {
    ...{ structure, calibration, signal, original: index, open: external.open },
    ...{ names: namesFor(index), remember: rememberLast() },
    progress: partOf(progress, 0, measuringShare),
  };
  const options = await measureOptions(bench, layers, score, { samples, memory: keptBytes });
  const ids = layers.map(({ layer }) => layer.id);
  const latencies =
    limit.kind === 'latency'
      ? await layerLatencies(sized, ids, { threads, folder, signal })
      : undefined;
  return { layers: options, latencies, partners: partnersOf(skipped) };
}

interface Trying extends Trial, Measurements {
  readonly metric: MetricName;
}

/** Plans, each made and measured, until one is as good as the limit allows or no new one is found. */
async function tryPlans(
  sized: SizedModel,
  request: PlanRequest,
  { layers, latencies, partners, metric, ...trial }: Trying,
  { progress }: CallContext,
): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  let limit: PlanLimit | undefined = request.limit;
  for (let at = 0; limit && at < mostAttempts; at++) {
    const chosen = choose(sized, layers, limit, latencies);
    if (!chosen) break;
    const steps = stepsOf(layers, chosen, metrics[metric].title, partners);
    if (attempts.some((each) => isDeepStrictEqual(each.steps, steps))) break;
    progress(measuringShare + ((1 - measuringShare) * at) / mostAttempts, `trying plan ${at + 1}`);
    const { file, ...made } = await tryPlan(sized, steps, trial);
    const latencyMs = latencies
      ? await medianLatency(trial.runner, sized, file, request.threads)
      : null;
    const attempt = {
      ...{ steps, chosen, figures: { ...made, latencyMs } },
      predicted: predictedOf(sized, layers, chosen, latencies),
    };
    attempts.push(attempt);
    limit = corrected(request.limit, limit, attempt);
  }
  return attempts;
}

function plannedLayers(
  layers: readonly LayerOptions[],
  chosen: readonly LayerOption[],
): PlannedLayer[] {
  return layers.map(({ layer, before }, at) => {
    const { choice = 'keep', bytes: after = before, damage = 0 } = chosen[at] ?? {};
    const { title } = planChoiceOf(choice);
    return { id: layer.id, name: layer.name, choice, title, bytes: { before, after }, damage };
  });
}

function nothingKeeps(limit: PlanLimit): UserError {
  return new UserError(
    'badInput',
    `No choice of actions keeps ${limitText(limit)}.`,
    'Allow more, or prune layers.',
  );
}

/** Layers that share a weight with one that is planned: they must be treated as it is. */
function partnersOf(
  skipped: ReturnType<typeof candidatesOf>['skipped'],
): ReadonlyMap<string, readonly string[]> {
  const partners = new Map<string, string[]>();
  for (const { layer } of skipped) {
    if (layer.tiedTo === undefined) continue;
    partners.set(layer.tiedTo, [...(partners.get(layer.tiedTo) ?? []), layer.id]);
  }
  return partners;
}
