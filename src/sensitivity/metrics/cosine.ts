import { cosine } from '../../tensor/measures';
import { bySample, type MeanMetric } from './metric';

/** 1 − cosine of the angle between a sample's outputs. */
export const cosineDistance: MeanMetric = {
  title: 'Cosine distance',
  unit: 'share',
  needs: 'values',
  score: (pair) => bySample(pair, ({ reference, candidate }) => 1 - cosine(reference, candidate)),
};
