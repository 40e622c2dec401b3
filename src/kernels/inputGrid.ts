import { decodeElements, encodeElements } from '../tensor/decode';
import type { Range } from './calibrate';

/**
 * How the input of matrix products is best cut into 256 integers: its range, and a factor for every channel. Channels of outliers are made
 * small and their weights large (SmoothQuant, Xiao et al. 2022), as far as the weights' own rounding allows.
 */
export interface InputGrid {
  readonly range: Range;
  /**
   * What each channel is multiplied by before it is rounded, and its weights are divided by; undefined where that does not pay. Numbers
   * that float16 can hold.
   */
  readonly factors: Float32Array | undefined;
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
  /** Σ over outputs of the squared step in which weights are rounded once each input channel's are divided by its factor. */
  squaredSteps(factors: Float32Array | undefined): number;
}

export interface GridOptions {
  /** Whether channels may get factors: one more multiplication when the model runs. */
  readonly smooth: boolean;
}

/** Integers for activations. */
const levels = 256;
/** How far a channel's outliers move into its weights: α of SmoothQuant. */
const migrations = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/**
 * By how much factors must lower the expected error, as a share of the results' energy: they cost a multiplication and two bytes a
 * channel. Measured on MiniLM-SST2: what gains less does not show in its answers.
 */
const worthwhile = 3e-4;
/** Shares of either end of the range that are tried. */
const shares = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35, 0.29, 0.24, 0.2, 0.16, 0.13, 0.1];

/**
 * The range, and factors where they pay, with the least expected squared error of the products' results: rounding and clipping of the
 * input, each channel counted by its weights' energy, and rounding of the weights, counted by the input's.
 */
export function bestInputGrid(
  sample: InputSample,
  weights: InputWeights,
  { smooth }: GridOptions,
): InputGrid {
  const importance = rowImportance(sample, weights.energy);
  const plain = gridWith(sample, importance, weights, undefined);
  if (!smooth) return plain;
  const smoothed = migrations.map((alpha) =>
    gridWith(sample, importance, weights, factorsFor(sample, weights.largest, alpha)),
  );
  const best = smoothed.reduce((a, b) => (b.error < a.error ? b : a));
  return plain.error - best.error > worthwhile ? best : plain;
}

/** 1 / s of SmoothQuant, s = max|x|^α / max|w|^(1 − α); 1 for channels that are never used. */
export function factorsFor(
  { low, high, channels }: InputSample,
  largest: Float32Array,
  alpha: number,
): Float32Array {
  const raw = Float64Array.from({ length: channels }, (_, c) => {
    const seen = Math.max(-(low[c] ?? 0), high[c] ?? 0);
    const factor = (largest[c] ?? 0) ** (1 - alpha) / seen ** alpha;
    return Number.isFinite(factor) && factor > 0 ? factor : 0;
  });
  // Only quotients matter: with a geometric mean of one numbers stay near their size.
  const used = raw.filter((value) => value > 0);
  const mean = Math.exp(used.reduce((sum, value) => sum + Math.log(value), 0) / used.length);
  return asHalves(raw.map((value) => (value > 0 ? value / mean : 1)));
}

/** The nearest float16 to each, kept away from its subnormal numbers and from infinity. */
function asHalves(values: Float64Array): Float32Array {
  const held = values.map((value) => Math.min(2 ** 15, Math.max(2 ** -14, value)));
  const bytes = encodeElements('float16', held);
  return Float32Array.from(decodeElements('float16', bytes, held.length) as ArrayLike<number>);
}

interface Candidate extends InputGrid {
  /** As a share of the results' energy, mean over rows. */
  readonly error: number;
}

function gridWith(
  sample: InputSample,
  importance: Float64Array,
  weights: InputWeights,
  factors: Float32Array | undefined,
): Candidate {
  const scaled = scale(sample, weights, factors);
  const outliers = outliersOf(scaled);
  const errorOf = (range: Range) => meanError(scaled, outliers, importance, range);
  const { low, high } = scaled;
  const tops = shares.map((share) => ({ low, high: high * share }));
  const top = leastOf(tops, errorOf);
  const bottoms = low < 0 ? shares.map((share) => ({ low: low * share, high: top.high })) : [top];
  const range = leastOf(bottoms, errorOf);
  return { range, factors, error: errorOf(range) };
}

function leastOf(ranges: readonly Range[], errorOf: (range: Range) => number): Range {
  const errors = ranges.map(errorOf);
  return ranges[errors.indexOf(Math.min(...errors))] ?? { low: 0, high: 0 };
}

/**
 * The inverse of every row's share in the results: residuals and norms make rows equal again, so that an error counts beside what else
 * is in its row. Rows far below the mean count as a hundredth of it.
 */
function rowImportance({ rows, channels }: InputSample, energy: Float64Array): Float64Array {
  const results = new Float64Array(rows.length / channels);
  for (let i = 0; i < rows.length; i++) {
    const row = Math.floor(i / channels);
    results[row] = (results[row] ?? 0) + (rows[i] ?? 0) ** 2 * (energy[i % channels] ?? 0);
  }
  const mean = results.reduce((sum, value) => sum + value, 0) / results.length;
  return results.map((value) => 1 / Math.max(value, mean / 100, Number.MIN_VALUE));
}

/** The sample as it is rounded. */
interface Scaled {
  readonly channels: number;
  readonly rows: Float32Array;
  readonly low: number;
  readonly high: number;
  /** What a squared error of one costs in every channel. */
  readonly costs: Float64Array;
  /** What rounding the weights costs for a row, by Σ x² of it. */
  readonly ofWeights: number;
}

function scale(
  { rows, channels, low, high }: InputSample,
  weights: InputWeights,
  factors: Float32Array | undefined,
): Scaled {
  const by = factors ?? new Float32Array(channels).fill(1);
  return {
    channels,
    rows: factors ? rows.map((value, i) => value * (by[i % channels] ?? 1)) : rows,
    low: by.reduce((least, factor, c) => Math.min(least, (low[c] ?? 0) * factor), 0),
    high: by.reduce((most, factor, c) => Math.max(most, (high[c] ?? 0) * factor), 0),
    costs: weights.energy.map((value, c) => value / (by[c] ?? 1) ** 2),
    ofWeights: weights.squaredSteps(factors) / 12,
  };
}

/** Values of the sample that some range leaves outside, row by row: the others are rounded whatever the range. */
interface Outliers {
  /** Where each row's begin, and behind the last one's end. */
  readonly starts: Uint32Array;
  readonly values: Float32Array;
  /** What a squared error of one costs there. */
  readonly costs: Float64Array;
  /** Σ x² of each row. */
  readonly energies: Float64Array;
}

/** The values beyond the smallest range that is tried. */
function outliersOf({ rows, channels, low, high, costs }: Scaled): Outliers {
  const least = Math.min(...shares);
  const [bottom, top] = [low * least, high * least];
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const x = rows[i] ?? 0;
    if (x < bottom || x > top) count++;
  }
  const height = channels > 0 ? Math.floor(rows.length / channels) : 0;
  const starts = new Uint32Array(height + 1);
  const [values, own] = [new Float32Array(count), new Float64Array(count)];
  const energies = new Float64Array(height);
  let at = 0;
  for (let row = 0; row < height; row++) {
    let energy = 0;
    for (let c = 0; c < channels; c++) {
      const x = rows[row * channels + c] ?? 0;
      energy += x * x;
      if (x >= bottom && x <= top) continue;
      values[at] = x;
      own[at++] = costs[c] ?? 0;
    }
    energies[row] = energy;
    starts[row + 1] = at;
  }
  return { starts, values, costs: own, energies };
}

/** Mean over rows of their error's share in what they come to: e / (1 + e), for a row that is lost can only be lost once. */
function meanError(
  { costs, ofWeights }: Scaled,
  outliers: Outliers,
  importance: Float64Array,
  { low, high }: Range,
): number {
  const { starts, values, energies } = outliers;
  const rounding = ((high - low) / (levels - 1)) ** 2 / 12;
  const ofRounding = rounding * costs.reduce((sum, cost) => sum + cost, 0);
  let sum = 0;
  for (let row = 0; row < importance.length; row++) {
    let error = ofRounding;
    const end = starts[row + 1] ?? 0;
    for (let i = starts[row] ?? 0; i < end; i++) {
      const x = values[i] ?? 0;
      const outside = x < low ? low - x : x > high ? x - high : 0;
      if (outside > 0) error += (outliers.costs[i] ?? 0) * (outside * outside - rounding);
    }
    const relative = (error + ofWeights * (energies[row] ?? 0)) * (importance[row] ?? 0);
    sum += relative / (1 + relative);
  }
  return importance.length === 0 ? 0 : sum / importance.length;
}
