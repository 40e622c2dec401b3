import { decidedIn } from './decided';
import type { MeanMetric } from './metric';

/**
 * Mistakes that the model itself does not make, less those that it alone makes: the loss of accuracy, sample by sample. Of samples with a
 * label at each position the share of these; every sample counts the same, however long it is.
 */
export const accuracyLost: MeanMetric = {
  title: 'Accuracy lost',
  unit: 'share',
  needs: 'labels',
  score: (pair) =>
    decidedIn(pair, 'Accuracy').samples.map((decisions) => {
      const lost = decisions.reduce(
        (sum, { label, reference, candidate }) =>
          sum + Number(reference === label) - Number(candidate === label),
        0,
      );
      return lost / Math.max(1, decisions.length);
    }),
};
