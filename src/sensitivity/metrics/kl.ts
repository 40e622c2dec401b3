import { klDivergences, mean } from '../../tensor/measures';
import { byDistribution, type MeanMetric } from './metric';

/**
 * KL(softmax(reference / T) ‖ softmax(candidate / T)) along the last axis, mean over a sample's rows. Above 1 the temperature lets
 * unlikely classes count more, as when one model teaches another; it is not multiplied by T² here.
 */
export function klAt(temperature: number): MeanMetric {
  return {
    title: temperature === 1 ? 'KL divergence' : `KL divergence at temperature ${temperature}`,
    unit: 'nats',
    needs: 'classes',
    score: (pair) =>
      byDistribution(pair, ({ reference, candidate, width }) =>
        mean(klDivergences(reference, candidate, width, temperature)),
      ),
  };
}
