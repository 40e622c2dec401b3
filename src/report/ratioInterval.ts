/** A ratio of damages with its 95 % interval. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Pairs it stands on. */
  readonly count: number;
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1 on; the normal distribution's beyond. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];
const normalQuantile = 1.96;
/** Fewer pairs have an interval that says nothing. */
const fewest = 3;

/**
 * Geometric mean of the ratios of pairs, with Student's interval of the mean of their logarithms: damages span powers of ten, and what is
 * compared is how many times as much one suffers. Undefined for fewer than three pairs of figures above zero.
 */
export function ratioInterval(pairs: readonly (readonly [number, number])[]): Ratio | undefined {
  const logs = pairs.filter(([a, b]) => a > 0 && b > 0).map(([a, b]) => Math.log(a / b));
  const count = logs.length;
  if (count < fewest) return undefined;
  const mean = logs.reduce((sum, log) => sum + log, 0) / count;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (count - 1);
  const half = (quantiles[count - 2] ?? normalQuantile) * Math.sqrt(variance / count);
  return {
    ...{ ratio: Math.exp(mean), count },
    ...{ low: Math.exp(mean - half), high: Math.exp(mean + half) },
  };
}

/** Of figures above zero; undefined where there is none. */
export function geometricMean(values: readonly number[]): number | undefined {
  const logs = values.filter((value) => value > 0).map((value) => Math.log(value));
  if (logs.length === 0) return undefined;
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}
