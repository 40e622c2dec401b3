import { maxError } from '../../tensor/measures';
import { bySample, type MeanMetric } from './metric';

/** The largest absolute difference of a sample's outputs. */
export const largestError: MeanMetric = {
  title: 'Largest error',
  unit: 'absolute',
  needs: 'values',
  score: (pair) => bySample(pair, ({ reference, candidate }) => maxError(reference, candidate)),
};
