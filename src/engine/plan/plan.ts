import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../base/errors';
import { formatBytes, formatMs } from '../../base/format';
import { partOf } from '../../base/progress';
import { isOfTime, planChoiceOf } from '../../build/plan/choices';
import { type LayerOption, type LayerOptions, mostSaved } from '../../build/plan/options';
import { stepsOf } from '../../build/plan/steps';
import type { Plan, PlanLimit, PlannedLayer, PlanRequest } from '../../protocol/plan';
import type { CallContext } from '../../protocol/rpc';
import type { Step } from '../../protocol/recipe';
import { type MetricName, metrics } from '../../sensitivity/metrics/index';
import { defaultSamples, openCalibration } from '../calibration';
import { damageJudge } from '../sensitivity/damage';
import { modelBytes } from '../modelBytes';
import type { SizedModel } from '../models';
import { type Measurements, planFront, predictedOf } from './choice';
import { openKept, type PlanKept } from './kept';
import { inTurn } from './latency';
import { measurePlan, plannedGroups } from './measure';
import { type Attempt, bestOf, corrected, keeps, limitText } from './repair';
import { type Chosen, chooseWithin } from './size';
import { planSource } from './source';
import { answered, type Trial, type Tried, tryPlan } from './trial';
import { loadRunner } from '../runtime';
import { contentOf } from '../sensitivity/data';
import { withTemporaryFolder } from '../temporaryFolder';

/** Where in the progress measuring the layers ends and trying plans begins. */
const measuringShare = 0.8;
/** Plans that are made and measured before the best so far is taken. */
const mostAttempts = 5;
/** Samples that single layers are tried on: ranks hold with few, and the whole is measured on all. */
const mostForLayers = 64;
/** Samples that actions collect from while single layers are tried; plans are made as recipes are. */
const fewForLayers = 64;
/** Samples beyond those that were seen. */
const mostUnseen = 512;
const frontPoints = 40;

/**
 * Chooses an action for every layer within a limit: every choice of every layer is measured by itself, the best sum is found exactly, the
 * whole model is made and measured, and the limit on the sum is corrected where the sum was wrong. Partial results are `PlanProgress`.
 * What was measured is kept in `request.cache`, also where it is stopped. Throws what the data and the model refuse, and `badInput` for a
 * limit that nothing keeps.
 */
export async function plan(
  original: SizedModel,
  request: PlanRequest,
  context: CallContext,
): Promise<Plan> {
  const started = performance.now();
  const { metric, output, score } = damageJudge(original);
  const runner = await loadRunner();
  return withTemporaryFolder(async (folder) => {
    const source = await planSource(original, request, folder);
    try {
      const { sized } = source;
      const { data, label } = request;
      const common = { runner, data, label, folder, threads: request.threads };
      const open = (of: SizedModel, samples: number, skip = 0) =>
        openCalibration(of, { ...common, samples, skip });
      const seen = open(original, request.samples);
      const samples = open(sized, Math.min(request.samples, mostForLayers));
      const unseen = open(original, mostUnseen, seen.samples);
      const timing = isOfTime(request.limit)
        ? JSON.stringify([request.threads, [...original.resolved.sizes]])
        : '';
      const kept = openKept(request.cache, {
        ...{ model: original.file, data: contentOf(seen), preparations: source.steps },
        ...{ metric, output, timing, samples: samples.samples, joint: seen.samples },
        calibration: fewForLayers,
      });
      const { groups, skipped } = plannedGroups(sized);
      refuseHopeless(request.limit, modelBytes(sized) - mostSaved(request.limit, groups));
      const reuse = countingReuse(kept);
      const measured = await measurePlan(
        groups,
        {
          ...{ original, source: sized, request, samples, score, runner, folder },
          ...{ kept: reuse.kept, calibration: open(sized, fewForLayers) },
        },
        { ...context, progress: partOf(context.progress, 0, measuringShare) },
      );
      const { signal } = context;
      const trial: Trial = {
        ...{ folder, score, runner, threads: request.threads, signal },
        calibration: open(original, defaultSamples),
        seen: await answered(original, seen, signal),
        unseen: unseen.samples > 0 ? await answered(original, unseen, signal) : undefined,
        ...(measured.latencies ? { time: timer(original, request, runner, signal) } : {}),
      };
      const attempts = await tryPlans(
        original,
        request,
        { trial, measured, metric, kept, preparations: source.steps },
        context,
      );
      const best = bestOf(attempts, request.limit);
      if (!best) throw nothingKeeps(request.limit, leastOf(request.limit, measured));
      const { title, unit } = metrics[metric];
      return {
        limit: request.limit,
        metric: { name: metric, title, unit },
        data: seen.name,
        facts: seen.facts,
        samples: seen.samples,
        steps: [...best.steps],
        layers: plannedLayers(measured.layers, best.chosen),
        predicted: best.predicted,
        measured: best.figures,
        unseen: best.unseen === undefined ? null : { samples: unseen.samples, damage: best.unseen },
        front: planFront(measured, frontPoints),
        attempts: attempts.map(({ predicted, figures }) => ({ predicted, measured: figures })),
        kept: keeps(request.limit, best.figures),
        skipped,
        seconds: (performance.now() - started) / 1000,
        reused: reuse.counts(measured.layers),
      };
    } finally {
      source.dispose();
    }
  });
}

/** Notes which damages were there before this plan. */
function countingReuse(kept: PlanKept) {
  let added = 0;
  const scores: PlanKept['scores'] = {
    get: kept.scores.get,
    add(...row) {
      added++;
      kept.scores.add(...row);
    },
  };
  const counts = (layers: readonly LayerOptions[]) => {
    const of = layers.reduce((sum, { options }) => sum + options.length - 1, 0);
    return { layers: Math.max(0, of - added), of };
  };
  return { kept: { ...kept, scores }, counts };
}

function timer(
  original: SizedModel,
  { threads }: PlanRequest,
  runner: Trial['runner'],
  signal: AbortSignal,
): NonNullable<Trial['time']> {
  return async (file) => {
    const { candidate, ratio } = await inTurn(original, { file }, { runner, threads, signal });
    return { latencyMs: candidate, speed: ratio };
  };
}

interface Trying {
  readonly trial: Trial;
  readonly measured: Measurements;
  readonly metric: MetricName;
  readonly kept: PlanKept;
  readonly preparations: readonly Step[];
}

/** Plans, each made and measured, until one is as good as the limit allows or no new one is found. */
async function tryPlans(
  original: SizedModel,
  request: PlanRequest,
  { trial, measured, metric, kept, preparations }: Trying,
  { progress, signal }: CallContext,
): Promise<Attempt[]> {
  const { title } = metrics[metric];
  const stepsFor = (chosen: readonly LayerOption[]) => [
    ...preparations,
    ...stepsOf(measured.layers, chosen, title),
  ];
  const attempts: Attempt[] = [];
  let limit: PlanLimit | undefined = request.limit;
  for (let at = 0; limit && at < mostAttempts; at++) {
    const found: Chosen | undefined = await chooseWithin(original, {
      ...{ asked: request.limit, limit, measured, stepsFor, signal },
    });
    if (!found) break;
    const { chosen, steps } = found;
    if (attempts.some((each) => isDeepStrictEqual(each.steps, steps))) break;
    const share = (1 - measuringShare) / mostAttempts;
    const from = measuringShare + share * at;
    progress(from, `trying plan ${at + 1}`);
    const known = kept.tried.get(steps);
    const tried: Tried =
      known ??
      (await tryPlan(original, steps, trial, (fraction, note) =>
        progress(from + share * fraction, `trying plan ${at + 1} · ${note}`),
      ));
    if (!known) kept.tried.add(steps, tried);
    const attempt = { ...tried, steps, chosen, predicted: predictedOf(measured, chosen) };
    attempts.push(attempt);
    limit = corrected(request.limit, found.limit, attempts);
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

/** Throws `badInput` before anything is measured where the smallest choices of all layers are too large. */
function refuseHopeless(limit: PlanLimit, least: number): void {
  if (limit.kind === 'size' && least > limit.value) {
    throw nothingKeeps(limit, `The smallest is ${formatBytes(least)}.`);
  }
}

/** What the least that can be had is, beside the limit that it does not keep. */
function leastOf(limit: PlanLimit, measured: Measurements): string {
  const [least] = planFront(measured, frontPoints);
  return isOfTime(limit) && least?.latencyMs
    ? `The fastest takes about ${formatMs(least.latencyMs)}.`
    : '';
}

function nothingKeeps(limit: PlanLimit, least: string): UserError {
  return new UserError(
    'badInput',
    `No choice of actions keeps ${limitText(limit)}.`,
    [least, 'Allow more, or prune layers.'].filter(Boolean).join(' '),
  );
}
