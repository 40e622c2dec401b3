import type { Numbers } from './decode';

/** What a tensor's elements are like. Those that are not finite are left out of everything but `notFinite`. */
export interface Statistics {
  /** Finite elements. */
  readonly count: number;
  readonly notFinite: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the whole, not of a sample. */
  readonly std: number;
  readonly zeros: number;
  /** Further than `outlierDistance` standard deviations from the mean. */
  readonly outliers: number;
  /** Counts of equal ranges from `from` to `to`. */
  readonly histogram: { readonly from: number; readonly to: number; readonly counts: number[] };
}

/** Beyond all but two in a thousand million of a normal distribution. */
const outlierDistance = 6;

interface Moments {
  count: number;
  notFinite: number;
  zeros: number;
  min: number;
  max: number;
  mean: number;
  /** Sum of squared distances from the mean. */
  squares: number;
}

/** Statistics of elements that come in chunks, in two passes: `chunks` is called once for each. All zero for no elements. */
export function statisticsOf(chunks: () => Iterable<Numbers>, bins = 32): Statistics {
  const moments: Moments = {
    count: 0,
    notFinite: 0,
    zeros: 0,
    min: Infinity,
    max: -Infinity,
    mean: 0,
    squares: 0,
  };
  for (const chunk of chunks()) addMoments(moments, chunk);
  const { count, notFinite, zeros, mean } = moments;
  const [min, max] = count === 0 ? [0, 0] : [moments.min, moments.max];
  const std = count === 0 ? 0 : Math.sqrt(moments.squares / count);
  const counts = new Array<number>(bins).fill(0);
  let outliers = 0;
  for (const chunk of chunks()) {
    addToHistogram(counts, chunk, min, max);
    outliers += countOutside(chunk, mean, outlierDistance * std);
  }
  return {
    count,
    notFinite,
    min,
    max,
    mean,
    std,
    zeros,
    outliers,
    histogram: { from: min, to: max, counts },
  };
}

/** Elements that are NaN or infinite. */
export function countNotFinite(values: Numbers): number {
  // Nothing but these is something else than zero when multiplied by it: without a branch for each, one look takes a nanosecond.
  let rest = 0;
  for (let i = 0; i < values.length; i++) rest += (values[i] ?? 0) * 0;
  if (rest === 0) return 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}

/** Adds one chunk's own mean and squares to those so far, which keeps both exact (Chan, Golub and LeVeque 1983). */
function addMoments(total: Moments, chunk: Numbers): void {
  let [count, sum, zeros, min, max] = [0, 0, 0, total.min, total.max];
  for (let i = 0; i < chunk.length; i++) {
    const value = chunk[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    if (value === 0) zeros++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  total.notFinite += chunk.length - count;
  if (count === 0) return;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < chunk.length; i++) {
    const distance = (chunk[i] ?? NaN) - mean;
    if (Number.isFinite(distance)) squares += distance * distance;
  }
  const both = total.count + count;
  const apart = mean - total.mean;
  total.squares += squares + apart * apart * ((total.count / both) * count);
  total.mean += apart * (count / both);
  total.count = both;
  total.zeros += zeros;
  total.min = min;
  total.max = max;
}

function addToHistogram(counts: number[], chunk: Numbers, min: number, max: number): void {
  const width = Math.min(max - min, Number.MAX_VALUE) / counts.length || 1;
  for (let i = 0; i < chunk.length; i++) {
    const value = chunk[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(counts.length - 1, Math.floor((value - min) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
}

function countOutside(chunk: Numbers, mean: number, distance: number): number {
  let outside = 0;
  for (let i = 0; i < chunk.length; i++) {
    const value = chunk[i] ?? NaN;
    if (Number.isFinite(value) && Math.abs(value - mean) > distance) outside++;
  }
  return outside;
}
