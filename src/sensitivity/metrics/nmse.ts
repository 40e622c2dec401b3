import { energyShare } from '../../base/format';
import { differences } from '../../tensor/measures';
import { bySample, type MeanMetric } from './metric';

/** Σ(r − c)² / Σr²: −10·log₁₀ of it are decibels of signal to noise. Infinite where a number is no finite one any more. */
export const nmse: MeanMetric = {
  title: 'Normalized squared error',
  unit: energyShare,
  needs: 'values',
  score: (pair) =>
    bySample(pair, ({ reference, candidate }) => {
      const { broken, normalizedSquaredError } = differences(reference, candidate);
      return broken > 0 ? Infinity : normalizedSquaredError;
    }),
};
