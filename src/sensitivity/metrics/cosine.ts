import { differences } from '../../tensor/measures';
import { bySample, type MeanMetric } from './metric';

/** 1 − cosine of the angle between a sample's outputs. Infinite where a number is no finite one any more. */
export const cosineDistance: MeanMetric = {
  title: 'Cosine distance',
  unit: 'share',
  needs: 'values',
  score: (pair) =>
    bySample(pair, ({ reference, candidate }) => {
      const { broken, cosine } = differences(reference, candidate);
      return broken > 0 ? Infinity : 1 - cosine;
    }),
};
