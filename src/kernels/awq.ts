import {
  type BlockwiseOptions,
  chooseGrids,
  dequantizeChannels,
  type Grid,
  roundToGrids,
} from './blockwise';

/** How much of the inputs' spread is tried: the exponents of mean|X|. */
export const awqExponents: readonly number[] = Array.from({ length: 20 }, (_, i) => i / 20);

/** Smallest factor, as in the reference implementation. */
const least = 1e-4;

/**
 * AWQ's factors of input channels (Lin et al. 2023, https://arxiv.org/abs/2306.00978): mean|X|^r, [K], about 1 in the geometric middle of
 * the largest and the smallest. All are 1 for r = 0.
 */
export function awqFactors(magnitudes: Float64Array, exponent: number): Float32Array {
  const factors = magnitudes.map((mean) => Math.max(least, mean ** exponent));
  let [smallest, largest] = [Infinity, 0];
  for (const factor of factors) {
    smallest = Math.min(smallest, factor);
    largest = Math.max(largest, factor);
  }
  const middle = Math.sqrt(smallest * largest);
  return Float32Array.from(factors, (factor) => factor / middle);
}

/** What is lost of channels [N, K] that are rounded after their inputs were multiplied by factors [K], and divided by them again. */
export function scaledRoundingError(
  channels: Float32Array,
  factors: Float32Array,
  options: BlockwiseOptions,
  grid: Grid,
): Float32Array {
  const k = factors.length;
  const scaled = channels.map((value, at) => value * (factors[at % k] ?? 1));
  const rounded = roundToGrids(scaled, k, options, chooseGrids(scaled, k, options, grid));
  const error = dequantizeChannels(rounded);
  for (let at = 0; at < error.length; at++) {
    error[at] = (error[at] ?? 0) / (factors[at % k] ?? 1) - (channels[at] ?? 0);
  }
  return error;
}
