import { seededRandom } from '../../base/random';
import type { Interval } from '../../protocol/plan';
import { deviations95, mean } from '../../tensor/measures';

const resamples = 2000;

/**
 * 95 % interval of the mean of independent values, however skewed they are: few samples hold most of a model's damage, and an interval that
 * is symmetric about the mean is too low for them. Bootstrap, bias-corrected and accelerated (Efron 1987); the same for the same values.
 */
export function meanInterval(values: readonly number[]): Interval {
  const n = values.length;
  const center = n === 0 ? Number.NaN : mean(values);
  if (n < 2 || values.every((value) => value === center)) return { low: center, high: center };
  const means = resampledMeans(values);
  const below = means.filter((each) => each < center).length;
  // Half of the resamples lie below a mean of symmetric values: z₀ is how far it is from that.
  const bias = normalQuantile(Math.min(resamples - 0.5, Math.max(0.5, below)) / resamples);
  const acceleration = accelerationOf(values, center);
  const at = (z: number) => {
    const shifted = bias + (bias + z) / (1 - acceleration * (bias + z));
    const place = Math.round(normalShare(shifted) * (resamples - 1));
    return means[Math.min(resamples - 1, Math.max(0, place))] ?? center;
  };
  return { low: at(-deviations95), high: at(deviations95) };
}

/** Means of samples drawn with repetition, in rising order. */
function resampledMeans(values: readonly number[]): number[] {
  const random = seededRandom(values.length);
  const n = values.length;
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[Math.floor(random() * n)] ?? 0;
    return sum / n;
  });
  return means.sort((a, b) => a - b);
}

/** A sixth of the skewness over √n: of the mean, the jackknife's acceleration. */
function accelerationOf(values: readonly number[], center: number): number {
  let [squares, cubes] = [0, 0];
  for (const value of values) {
    squares += (value - center) ** 2;
    cubes += (value - center) ** 3;
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

/** Φ, by the logistic-like form of Page (1977): off by less than 0.0002, far less than what is resampled. */
function normalShare(z: number): number {
  return 1 / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * z * (1 + 0.044715 * z * z)));
}

/** Φ⁻¹, by bisection. */
function normalQuantile(share: number): number {
  let [low, high] = [-6, 6];
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
