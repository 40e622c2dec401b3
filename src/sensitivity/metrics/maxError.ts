import { maxError } from '../../tensor/measures';
import { bySample, type Metric } from './metric';

/** The largest absolute difference of a sample's outputs. */
export const largestError: Metric = {
  title: 'Largest error',
  unit: 'absolute',
  needs: 'values',
  score: (pair) => bySample(pair, ({ reference, candidate }) => maxError(reference, candidate)),
};
