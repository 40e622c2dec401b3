import { klDivergences } from '../../tensor/measures';
import { byDistribution, type Metric } from './metric';

/** KL(softmax(reference) ‖ softmax(candidate)) along the last axis, mean over a sample's rows. */
export const kl: Metric = {
  title: 'KL divergence',
  unit: 'nats',
  needs: 'classes',
  score: (pair) =>
    byDistribution(pair, ({ reference, candidate, width }) => {
      const rows = klDivergences(reference, candidate, width);
      return rows.length === 0 ? 0 : rows.reduce((sum, each) => sum + each, 0) / rows.length;
    }),
};
