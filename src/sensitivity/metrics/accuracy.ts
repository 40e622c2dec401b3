import { UserError } from '../../base/errors';
import { topClasses } from '../../tensor/measures';
import { byDistribution, type Metric } from './metric';

/** Mistakes that the model itself does not make, less those that it alone makes: the loss of accuracy, sample by sample. */
export const accuracyLost: Metric = {
  title: 'Accuracy lost',
  unit: 'share',
  needs: 'labels',
  score(pair) {
    const { labels } = pair.batch;
    if (!labels) throw new UserError('badInput', 'Accuracy needs labels, and the data has none.');
    let sample = 0;
    return byDistribution(pair, ({ reference, candidate, width }) => {
      const label = labels[sample++];
      const right = (values: ArrayLike<number>) => Number(topClasses(values, width)[0] === label);
      return right(reference) - right(candidate);
    });
  },
};
