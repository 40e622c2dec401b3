import { UserError } from '../../base/errors';
import { keeperWithin } from '../../actions/keeper';
import { formatBytes, formatMs } from '../../base/format';
import { partOf } from '../../base/progress';
import { isOfTime } from '../../build/plan/choices';
import type { PlanGroup } from '../../build/plan/groups';
import { type LayerOptions, mostSaved } from '../../build/plan/options';
import type { Plan, PlanLimit, PlanRequest } from '../../protocol/plan';
import type { CallContext } from '../../protocol/rpc';
import { modelBytes, modelFiles } from '../modelBytes';
import type { SizedModel } from '../models';
import { layersNotNumbers } from '../notNumbers';
import { loadRunner } from '../runtime';
import type { DamageJudge } from '../sensitivity/damage';
import { notTaken, unrunLayers } from '../../sensitivity/branches';
import { notRead, unreadLayers } from '../../sensitivity/unread';
import { contentOf } from '../sensitivity/data';
import { withTemporaryFolder } from '../temporaryFolder';
import { tryPlans } from './attempts';
import { type Measurements, planFront } from './choice';
import { layerSamples, type PlanData, planData } from './data';
import { planJudges } from './judges';
import { openKept, type PlanKept } from './kept';
import { timingOf } from './latency';
import { measurePlan, plannedGroups } from './measure';
import { readyFor } from './ready';
import { bestOf, limitText } from './repair';
import { frontPoints, planOf } from './result';
import { planSource } from './source';
import { answered, type Trial } from './trial';

/** Where in the progress measuring the layers ends and trying plans begins. */
const measuringShare = 0.8;
/** Samples that single layers are tried on: the harder ones of those to choose on stand for all. */
const mostForLayers = 64;

/**
 * Chooses an action for every layer within a limit: every choice of every layer is measured by itself, the best sum is found exactly, the
 * whole model is made and measured on samples that nothing was chosen on, and the limit on the sum is corrected where the sum was wrong.
 * Ready schemes that keep the limit are tried too. Partial results are `PlanProgress`. What was measured is kept in `request.cache`, also
 * where it is stopped. Throws what the data and the model refuse, and `badInput` for a metric that is not there and a limit that nothing
 * keeps.
 */
export async function plan(
  original: SizedModel,
  request: PlanRequest,
  context: CallContext,
): Promise<Plan> {
  const started = performance.now();
  const { limit } = request;
  const { signal } = context;
  const judges = planJudges(original, request.metric);
  const runner = await loadRunner();
  return withTemporaryFolder(async (folder) => {
    const source = await planSource(original, request, folder);
    try {
      const { sized } = source;
      const data = planData(original, request, { runner, folder });
      const asked = { data, output: judges.layers.output, limit, signal };
      const { groups, skipped, isWhole } = await groupsToPlan(sized, asked);
      refuseHopeless(limit, modelBytes(sized) - mostSaved(limit, groups));
      const trial = await trialFor(original, request, { data, judges, runner, folder, signal });
      refuseUnfit(judges.whole, trial);
      const kept = keptFor(original, request, { data, judges, preparations: source.steps });
      const reuse = countingReuse(kept);
      const pool = data.choosing(sized);
      const options = { most: mostForLayers, judge: judges.layers, signal };
      const { score, output } = judges.layers;
      const measured = await measurePlan(
        groups,
        {
          ...{ original, source: sized, request, score, output, runner, folder },
          ...{ kept: reuse.kept, calibration: data.calibrating(sized) },
          ...(await layerSamples(sized, pool, options)),
        },
        { ...context, progress: partOf(context.progress, 0, measuringShare) },
      );
      const attempts = await tryPlans({
        ...{ original, limit, measured, kept, signal, preparations: source.steps },
        trial,
        metric: judges.layerMetric.title,
        // They take every layer that they fit.
        ready: isWhole ? readyFor(original) : [],
        progress: partOf(context.progress, measuringShare, 1),
      });
      const best = bestOf(attempts, limit);
      if (!best) throw nothingKeeps(limit, leastOf(limit, measured));
      const outcome = planOf(best, { request, data, judges, measured, groups, attempts });
      const reused = reuse.counts(measured.layers);
      return { ...outcome, skipped, seconds: (performance.now() - started) / 1000, reused };
    } finally {
      source.dispose();
    }
  });
}

/** What a plan decides on. */
interface ToPlan {
  readonly groups: readonly PlanGroup[];
  /** Layers that are left as they are, with the reason. */
  readonly skipped: { layer: string; why: string }[];
  /** Whether they are all that anything can be made of. */
  readonly isWhole: boolean;
}

/** What of a request says which layers can be measured. */
interface Asked {
  readonly data: PlanData;
  /** What single layers are measured by. */
  readonly output: string;
  readonly limit: PlanLimit;
  readonly signal: AbortSignal;
}

/** The layers to decide on: those that nothing can be measured of are left as they are, unless a size cannot be had without them. */
async function groupsToPlan(sized: SizedModel, asked: Asked): Promise<ToPlan> {
  const { limit, signal } = asked;
  const all = await groupsOfNumbers(sized, signal);
  const whyUnmeasured = await unmeasuredReasons(sized, asked);
  const reasons = new Map(all.groups.map((group) => [group, whyUnmeasured(group)]));
  const groups = all.groups.filter((group) => !reasons.get(group));
  const isEnough =
    limit.kind !== 'size' || modelBytes(sized) - mostSaved(limit, groups) <= limit.value;
  if (groups.length === all.groups.length) return { ...all, isWhole: true };
  if (!isEnough) {
    const marked = all.groups.map((group) =>
      reasons.get(group) ? { ...group, isUnmeasured: true } : group,
    );
    return { groups: marked, skipped: all.skipped, isWhole: true };
  }
  const left = all.groups.flatMap((group) =>
    group.members.flatMap(({ id }) => {
      const why = reasons.get(group);
      return why === undefined ? [] : { layer: id, why };
    }),
  );
  return { groups, skipped: [...all.skipped, ...left], isWhole: false };
}

/** Tells why nothing can be measured of a group; undefined where something can. */
async function unmeasuredReasons(
  sized: SizedModel,
  { data, output, signal }: Asked,
): Promise<(group: PlanGroup) => string | undefined> {
  const samples = { ...data.choosing(sized), batches: () => data.all.batches() };
  const isUnrun = await unrunLayers(sized.index, samples, { signal });
  const isUnread = unreadLayers(sized.index, output);
  return ({ members }) => {
    if (members.every(isUnread)) return notRead;
    return members.every((layer) => isUnrun(layer) || isUnread(layer)) ? notTaken : undefined;
  };
}

/** Those whose weights are numbers. */
async function groupsOfNumbers(sized: SizedModel, signal: AbortSignal) {
  const { groups, skipped } = plannedGroups(sized);
  const members = groups.flatMap((group) => group.members);
  const reasons = await layersNotNumbers(members, sized, signal);
  return {
    groups: groups.filter((group) => !group.members.some((layer) => reasons.has(layer))),
    skipped: [...skipped, ...[...reasons].map(([{ id }, why]) => ({ layer: id, why }))],
  };
}

interface Standing {
  readonly data: ReturnType<typeof planData>;
  readonly judges: ReturnType<typeof planJudges>;
}

function keptFor(
  original: SizedModel,
  { cache, limit, threads }: PlanRequest,
  { data, judges, preparations }: Standing & Pick<Parameters<typeof openKept>[1], 'preparations'>,
): PlanKept {
  const timing = isOfTime(limit) ? JSON.stringify([threads, [...original.resolved.sizes]]) : '';
  return openKept(cache, {
    ...{ files: modelFiles(original), data: contentOf(data.all), preparations, timing },
    ...{ metric: judges.metric.name, layerMetric: judges.layerMetric.name },
    ...{ output: judges.layers.output, parts: JSON.stringify(data.parts) },
    samples: Math.min(data.choosing(original).samples, mostForLayers),
  });
}

async function trialFor(
  original: SizedModel,
  { threads, limit }: PlanRequest,
  { data, judges, ...common }: Standing & Pick<Trial, 'runner' | 'folder' | 'signal'>,
): Promise<Trial> {
  const { runner, signal } = common;
  const { holding, unseen } = data;
  const wanted = { outputs: [judges.whole.output], signal };
  return {
    ...{ score: judges.whole.score, settle: judges.whole.settle },
    ...{ ...common, threads, calibration: data.calibrating(original) },
    keeper: keeperWithin(),
    seen: await answered(original, holding, wanted),
    unseen: unseen.samples > 0 ? await answered(original, unseen, wanted) : undefined,
    ...(isOfTime(limit)
      ? { time: (file) => timingOf(original, file, { runner, threads, signal, limit }) }
      : {}),
  };
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

/** Throws what a metric says, before anything is measured, of data or a model that it does not suit. */
function refuseUnfit({ score }: DamageJudge, { seen: { data, answers } }: Trial): void {
  const [first = {}] = answers;
  for (const batch of data.batches()) return void score(first, first, batch);
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
