/**
 * A histogram of a stream of values whose range is not known beforehand: it doubles its range, merging bins in pairs, whenever a
 * value falls outside. Symmetric around zero, so that zero is always a bin's edge.
 */
export interface Histogram {
  /** Bins cover [−limit, limit]. */
  limit: number;
  /** An even number of counts. */
  readonly counts: Float64Array;
  total: number;
  min: number;
  max: number;
}

const defaultBins = 4096;

export function newHistogram(bins = defaultBins): Histogram {
  return { limit: 0, counts: new Float64Array(bins), total: 0, min: Infinity, max: -Infinity };
}

/** Adds values; those that are not finite are left out. */
export function addValues(histogram: Histogram, values: ArrayLike<number>): void {
  const { counts } = histogram;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    if (value < histogram.min) histogram.min = value;
    if (value > histogram.max) histogram.max = value;
    if (Math.abs(value) > largest) largest = Math.abs(value);
  }
  if (histogram.limit === 0) histogram.limit = largest || Number.MIN_VALUE;
  while (histogram.limit < largest) widen(histogram);
  const scale = counts.length / (2 * histogram.limit);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(counts.length - 1, Math.floor((value + histogram.limit) * scale));
    counts[bin] = (counts[bin] ?? 0) + 1;
    histogram.total++;
  }
}

function widen(histogram: Histogram): void {
  const { counts } = histogram;
  const half = counts.length / 2;
  const merged = new Float64Array(counts.length);
  for (let i = 0; i < counts.length; i += 2) {
    // Bin pairs keep their distance from the middle, at half the resolution.
    merged[half / 2 + i / 2] = (counts[i] ?? 0) + (counts[i + 1] ?? 0);
  }
  counts.set(merged);
  histogram.limit *= 2;
}

/** Middle of a bin. */
export function binCentre({ limit, counts }: Histogram, bin: number): number {
  return ((bin + 0.5) / counts.length) * 2 * limit - limit;
}
