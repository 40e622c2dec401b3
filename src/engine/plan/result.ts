import { planChoiceOf } from '../../build/plan/choices';
import type { PlanGroup } from '../../build/plan/groups';
import type { LayerOption, LayerOptions } from '../../build/plan/options';
import type { Plan, PlannedLayer, PlanRequest } from '../../protocol/plan';
import { type Measurements, planFront } from './choice';
import type { PlanData } from './data';
import type { PlanJudges } from './judges';
import { readyLayers } from './ready';
import { type Attempt, keeps, type ReadyAttempt } from './repair';

/** Points of the front that a result has. */
export const frontPoints = 40;

/** What a plan stands on. */
interface Outcome {
  readonly request: PlanRequest;
  readonly data: PlanData;
  readonly judges: PlanJudges;
  readonly measured: Measurements;
  readonly groups: readonly PlanGroup[];
  readonly attempts: readonly (Attempt | ReadyAttempt)[];
}

/** The result for the best of the attempts. */
export function planOf(
  best: Attempt | ReadyAttempt,
  { request: { limit }, data, judges, measured, groups, attempts }: Outcome,
): Omit<Plan, 'skipped' | 'seconds' | 'reused'> {
  return {
    ...{ limit, metric: judges.metric, layerMetric: judges.layerMetric, basis: data.basis },
    ...{ data: data.all.name, facts: data.all.facts, samples: data.holding.samples },
    steps: [...best.steps],
    layers:
      'scheme' in best
        ? readyLayers(groups, { name: best.scheme, steps: best.steps })
        : plannedLayers(measured.layers, best.chosen),
    predicted: predictedFor(best),
    measured: best.figures,
    unseen: best.unseen ? { samples: data.unseen.samples, ...best.unseen } : null,
    front: planFront(measured, frontPoints),
    attempts: attempts.map((each) => ({
      source: 'scheme' in each ? each.scheme : 'plan',
      predicted: predictedFor(each),
      measured: each.figures,
    })),
    kept: keeps(limit, best.figures),
    notes: unmeasuredNotes(groups),
  };
}

/** Layers are named so far, and counted beyond. */
const mostNamed = 5;

/** What of the plan nothing was measured of. */
function unmeasuredNotes(groups: readonly PlanGroup[]): string[] {
  const names = groups.flatMap(({ isUnmeasured = false, members }) =>
    isUnmeasured ? members.map(({ name }) => name) : [],
  );
  if (names.length === 0) return [];
  const shown = names.slice(0, mostNamed).join(', ');
  const named = names.length > mostNamed ? `${shown} and ${names.length - mostNamed} more` : shown;
  const [what, them] = names.length === 1 ? ['1 layer', 'it'] : [`${names.length} layers`, 'them'];
  return [
    `No sample’s answer depends on ${what}, but without ${them} the size cannot be had: what becomes of ${them} was not measured (${named}). Plan on data that runs ${them}, or allow more bytes.`,
  ];
}

const predictedFor = (attempt: Attempt | ReadyAttempt) =>
  'scheme' in attempt ? null : attempt.predicted;

function plannedLayers(
  layers: readonly LayerOptions[],
  chosen: readonly LayerOption[],
): PlannedLayer[] {
  return layers.map(({ layer, before, isUnmeasured = false }, at) => {
    const { choice = 'keep', bytes: after = before, damage: found = 0 } = chosen[at] ?? {};
    const { title } = planChoiceOf(choice);
    const damage = isUnmeasured ? null : found;
    return { id: layer.id, name: layer.name, choice, title, bytes: { before, after }, damage };
  });
}
