import { binCentre, type Histogram } from './histogram';

/** The values that a quantizer shall represent; what lies outside is clipped. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** How many integers the range will be cut into: 256 for 8 bits. */
type Levels = number;

/** Ways of choosing a range from a histogram. `percentile` is the share of the values that the range holds, in per cent. */
export const calibrators = {
  percentile: (h: Histogram, _: Levels, percentile: number) => percentileRange(h, percentile),
  entropy: entropyRange,
  mse: mseRange,
} as const satisfies Record<string, (h: Histogram, levels: Levels, percentile: number) => Range>;

export function minMaxRange({ min, max, total }: Histogram): Range {
  return total === 0 ? { low: 0, high: 0 } : { low: min, high: max };
}

/** The range that holds `percentile` per cent of the values, the rest cut evenly from both ends, never wider than what was seen. */
export function percentileRange(histogram: Histogram, percentile: number): Range {
  const cut = (histogram.total * (100 - percentile)) / 200;
  const { counts, limit } = histogram;
  const width = (2 * limit) / counts.length;
  let first = 0;
  for (let seen = counts[0] ?? 0; seen <= cut && first < counts.length - 1;)
    seen += counts[++first] ?? 0;
  let last = counts.length - 1;
  for (let seen = counts[last] ?? 0; seen <= cut && last > 0;) seen += counts[--last] ?? 0;
  return {
    low: Math.max(histogram.min, first * width - limit),
    high: Math.min(histogram.max, (last + 1) * width - limit),
  };
}

/**
 * The symmetric range whose quantized distribution is nearest in KL divergence to what was seen (Migacz 2017), cut to the values
 * seen. Bins must be many times the levels, else there is nothing to choose from.
 */
export function entropyRange(histogram: Histogram, levels: Levels): Range {
  const { counts, limit } = histogram;
  const half = counts.length / 2;
  const quantized = levels / 2;
  let best = { kl: Infinity, bins: half };
  // Every eighth candidate: neighbours differ by less than a quantization step.
  for (let bins = quantized; bins <= half; bins += 8) {
    const kl = divergence(
      counts.subarray(half - bins, half + bins),
      outside(counts, half, bins),
      quantized,
    );
    if (kl < best.kl) best = { kl, bins };
  }
  const threshold = (best.bins / half) * limit;
  return { low: Math.max(histogram.min, -threshold), high: Math.min(histogram.max, threshold) };
}

function outside(counts: Float64Array, half: number, bins: number): [number, number] {
  let low = 0;
  let high = 0;
  for (let i = 0; i < half - bins; i++) low += counts[i] ?? 0;
  for (let i = half + bins; i < counts.length; i++) high += counts[i] ?? 0;
  return [low, high];
}

/** KL of the slice (its outliers added to its ends) from the same slice merged into `levels` bins and spread out again. */
function divergence(slice: Float64Array, [low, high]: [number, number], levels: number): number {
  const p = slice.slice();
  p[0] = (p[0] ?? 0) + low;
  p[p.length - 1] = (p[p.length - 1] ?? 0) + high;
  const q = new Float64Array(p.length);
  for (let level = 0; level < levels; level++) {
    const from = Math.floor((level * p.length) / levels);
    const to = Math.floor(((level + 1) * p.length) / levels);
    let sum = 0;
    let filled = 0;
    for (let i = from; i < to; i++) {
      sum += slice[i] ?? 0;
      if ((p[i] ?? 0) > 0) filled++;
    }
    for (let i = from; i < to; i++) if ((p[i] ?? 0) > 0) q[i] = sum / filled;
  }
  smooth(p);
  smooth(q);
  const totalP = p.reduce((a, b) => a + b, 0);
  const totalQ = q.reduce((a, b) => a + b, 0);
  let kl = 0;
  for (let i = 0; i < p.length; i++) {
    const a = (p[i] ?? 0) / totalP;
    if (a > 0) kl += a * Math.log(a / ((q[i] ?? 0) / totalQ));
  }
  return kl;
}

/** Gives empty bins a little, taken evenly from the others, so that no quotient is infinite. */
function smooth(bins: Float64Array): void {
  const epsilon = 1e-4;
  const zeros = bins.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  const filled = bins.length - zeros;
  if (filled === 0) return;
  const taken = (epsilon * zeros) / filled;
  for (let i = 0; i < bins.length; i++)
    bins[i] = bins[i] === 0 ? epsilon : Math.max(epsilon, (bins[i] ?? 0) - taken);
}

/** The clip that makes Σ count·(x − x̂)² least, sharing both ends' shrinkage; searched over 100 shares of the range seen. */
export function mseRange(histogram: Histogram, levels: Levels): Range {
  const { low, high } = minMaxRange(histogram);
  const { counts } = histogram;
  let best = { error: Infinity, share: 1 };
  for (let share = 1; share > 0.01; share -= 0.01) {
    const step = ((high - low) * share) / (levels - 1);
    if (!(step > 0)) break;
    let error = 0;
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] ?? 0;
      if (count === 0) continue;
      const x = binCentre(histogram, i);
      const clipped = Math.min(high * share, Math.max(low * share, x));
      // Rounding spreads evenly inside a step: its mean square is a twelfth, wherever the bin's centre falls.
      error += count * ((x - clipped) ** 2 + step ** 2 / 12);
    }
    if (error < best.error) best = { error, share };
  }
  return { low: low * best.share, high: high * best.share };
}
