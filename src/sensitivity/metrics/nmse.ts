import { energyShare } from '../../base/format';
import { normalizedSquaredError } from '../../tensor/measures';
import { bySample, type MeanMetric } from './metric';

/** Σ(r − c)² / Σr²: −10·log₁₀ of it are decibels of signal to noise. */
export const nmse: MeanMetric = {
  title: 'Normalized squared error',
  unit: energyShare,
  needs: 'values',
  score: (pair) =>
    bySample(pair, ({ reference, candidate }) => normalizedSquaredError(reference, candidate)),
};
