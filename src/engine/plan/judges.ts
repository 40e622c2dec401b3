import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import type { PlanMetric } from '../../protocol/plan';
import { type MetricName, metrics } from '../../sensitivity/metrics/index';
import type { SizedModel } from '../models';
import { type DamageJudge, damageJudge } from '../sensitivity/damage';
import { metricOf } from '../sensitivity/question';

/** How the made model is judged, and how single layers are. */
export interface PlanJudges {
  readonly whole: DamageJudge;
  readonly layers: DamageJudge;
  readonly metric: PlanMetric;
  readonly layerMetric: PlanMetric;
}

/**
 * Metrics that one layer changes by chance alone, up as well as down: what the divergence of the whole distribution is an expectation or a
 * bound of. E over tokens of log p/q is the divergence itself.
 */
const steadier: Partial<Record<MetricName, MetricName>> = {
  perplexity: 'kl',
  accuracy: 'kl',
  f1: 'kl',
  disagreement: 'kl',
};

/** Throws `badInput` for a metric that is not there, or that needs scores of classes where the model gives none. */
export function planJudges(original: SizedModel, name: string | undefined): PlanJudges {
  const whole = damageJudge(original, (hasClasses) => metricOf(name, hasClasses));
  const { title, needs } = metrics[whole.metric];
  if (needs === 'classes' && !whole.difficulty) {
    throw new UserError(
      'badInput',
      `${title} needs scores of classes, and the model’s output ${quoted(whole.output)} holds values.`,
      'Another metric, such as nmse, suits them.',
    );
  }
  const ofValues = whole.isMean ? undefined : 'nmse';
  const forLayers = whole.difficulty ? steadier[whole.metric] : ofValues;
  const layers = forLayers ? damageJudge(original, () => forLayers) : whole;
  return {
    ...{ whole, layers },
    ...{ metric: factsOf(whole.metric), layerMetric: factsOf(layers.metric) },
  };
}

function factsOf(name: MetricName): PlanMetric {
  const { title, unit } = metrics[name];
  return { name, title, unit };
}
