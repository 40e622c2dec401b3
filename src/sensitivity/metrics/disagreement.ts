import { topClasses } from '../../tensor/measures';
import { byDistribution, type MeanMetric } from './metric';

/** Share of a sample's rows whose most likely class is another. */
export const disagreement: MeanMetric = {
  title: 'Other top class',
  unit: 'share',
  needs: 'classes',
  score: (pair) =>
    byDistribution(pair, ({ reference, candidate, width }) => {
      const a = topClasses(reference, width);
      const b = topClasses(candidate, width);
      const others = a.reduce((sum, top, row) => sum + Number(top !== b[row]), 0);
      return a.length === 0 ? 0 : others / a.length;
    }),
};
