import type { Range } from './calibrate';

/**
 * How the input of matrix products is best cut into 256 integers: its range, and a factor for every channel. Channels of outliers are made
 * small and their weights large (SmoothQuant, Xiao et al. 2022), as far as the weights' own rounding allows.
 */
export interface InputGrid {
  readonly range: Range;
  /** What each channel is divided by before it is rounded, and its weights are multiplied by; undefined where that does not pay. */
  readonly divisors: Float32Array | undefined;
}

/** What was seen of an input of `channels`: some rows, and every channel's extremes over all. */
export interface InputSample {
  readonly channels: number;
  /** [rows, channels] */
  readonly rows: Float32Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** What the products that read an input do with its channels. */
export interface InputWeights {
  /** Σ over outputs of w², for every input channel. */
  readonly energy: Float64Array;
  /** max |w| for every input channel. */
  readonly largest: Float32Array;
  /** The error that rounding the weights makes when each input channel's weights are multiplied by a factor: Σ over outputs of step². */
  squaredSteps(factors: Float32Array): number;
}

export interface GridOptions {
  /** Whether channels may get divisors: one more multiplication when the model runs. */
  readonly smooth: boolean;
}

/** Integers for activations. */
const levels = 256;
const bins = 2048;
/** How far a channel's outliers move into its weights: α of SmoothQuant. */
const migrations = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
/** Divisors must lower the expected squared error to this share of what it is without: they cost a multiplication. */
const worthwhile = 0.8;
/** Shares of either end of the range that are tried. */
const shares = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35, 0.29, 0.24, 0.2, 0.16, 0.13, 0.1];

/**
 * The range, and divisors where they pay, with the least expected squared error of the products' results: rounding and clipping of the
 * input, each channel counted by its weights' energy, and rounding of the weights, counted by the input's.
 */
export function bestInputGrid(
  sample: InputSample,
  weights: InputWeights,
  { smooth }: GridOptions,
): InputGrid {
  const plain = gridWith(sample, weights, undefined);
  if (!smooth) return plain;
  const smoothed = migrations.map((alpha) =>
    gridWith(sample, weights, divisorsFor(sample, weights.largest, alpha)),
  );
  const best = smoothed.reduce((a, b) => (b.error < a.error ? b : a));
  return best.error < worthwhile * plain.error ? best : plain;
}

/** s = max|x|^α / max|w|^(1 − α); 1 for channels that are never used. */
export function divisorsFor(
  { low, high, channels }: InputSample,
  largest: Float32Array,
  alpha: number,
): Float32Array {
  const raw = Float32Array.from({ length: channels }, (_, c) => {
    const seen = Math.max(-(low[c] ?? 0), high[c] ?? 0);
    const divisor = seen ** alpha / (largest[c] ?? 0) ** (1 - alpha);
    return Number.isFinite(divisor) && divisor > 1e-5 ? divisor : 0;
  });
  // Only quotients matter: with a mean of one in the logarithm numbers stay near their size.
  const used = raw.filter((value) => value > 0);
  const mean = Math.exp(used.reduce((sum, value) => sum + Math.log(value), 0) / used.length);
  return raw.map((value) => (value > 0 ? value / mean : 1));
}

interface Candidate extends InputGrid {
  readonly error: number;
}

function gridWith(
  sample: InputSample,
  weights: InputWeights,
  divisors: Float32Array | undefined,
): Candidate {
  const found = bestRange(weightedHistogram(sample, weights.energy, divisors));
  const rows = sample.rows.length / sample.channels;
  const energy = inputEnergy(sample, divisors);
  const ones = divisors ?? new Float32Array(sample.channels).fill(1);
  const ofWeights = (weights.squaredSteps(ones) / 12) * energy;
  return { range: found.range, divisors, error: (found.error + ofWeights) / rows };
}

/** Σ (x / s)² over the sample. */
function inputEnergy({ rows, channels }: InputSample, divisors: Float32Array | undefined): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    const value = (rows[i] ?? 0) / (divisors?.[i % channels] ?? 1);
    sum += value * value;
  }
  return sum;
}

interface WeightedHistogram {
  readonly low: number;
  readonly high: number;
  /** Of every bin between them: what an error of one there costs, and Σ of that times the value. */
  readonly cost: Float64Array;
}

function weightedHistogram(
  { rows, channels, low, high }: InputSample,
  energy: Float64Array,
  divisors: Float32Array | undefined,
): WeightedHistogram {
  let from = 0;
  let to = 0;
  for (let c = 0; c < channels; c++) {
    const divisor = divisors?.[c] ?? 1;
    from = Math.min(from, (low[c] ?? 0) / divisor);
    to = Math.max(to, (high[c] ?? 0) / divisor);
  }
  const cost = new Float64Array(bins);
  const scale = to > from ? bins / (to - from) : 0;
  for (let i = 0; i < rows.length; i++) {
    const c = i % channels;
    const divisor = divisors?.[c] ?? 1;
    const bin = Math.min(
      bins - 1,
      Math.max(0, Math.floor(((rows[i] ?? 0) / divisor - from) * scale)),
    );
    cost[bin] = (cost[bin] ?? 0) + (energy[c] ?? 0) * divisor * divisor;
  }
  return { low: from, high: to, cost };
}

/** The range with the least Σ cost · (x − x̂)²; both ends are tried independently. */
function bestRange({ low, high, cost }: WeightedHistogram): { range: Range; error: number } {
  let best = { range: { low, high }, error: Infinity };
  const width = (high - low) / bins;
  for (const top of shares) {
    for (const bottom of low < 0 ? shares : [1]) {
      const range = { low: low * bottom, high: high * top };
      const step = (range.high - range.low) / (levels - 1);
      let error = 0;
      for (let bin = 0; bin < bins; bin++) {
        const here = cost[bin] ?? 0;
        if (here === 0) continue;
        const x = low + (bin + 0.5) * width;
        const outside = x < range.low ? range.low - x : x > range.high ? x - range.high : 0;
        error += here * (outside > 0 ? outside * outside : (step * step) / 12);
      }
      if (error < best.error) best = { range, error };
    }
  }
  return best;
}
