import { roundHalfEven } from '../kernels/affine';

/** A way of compressing one layer, used to ask how much that would hurt. */
export interface Probe {
  readonly title: string;
  /** How much is left of the weight: bits an element, or the share of its elements. What curves are drawn over. */
  readonly strength: { readonly kind: 'bits' | 'share'; readonly value: number };
  /** The weight, row by row of `width` inputs, as the compression would leave it; the given array is the probe's to change. */
  readonly change: (rows: Float32Array, width: number) => Float32Array;
}

const block = 32;

/** Every probe there is, mildest first in each family. */
export const probes = {
  int8: { title: 'int8 weights', strength: { kind: 'bits', value: 8 }, change: perChannel },
  int4: { title: '4-bit weights', strength: { kind: 'bits', value: 4 }, change: perBlock(4) },
  int3: { title: '3-bit weights', strength: { kind: 'bits', value: 3 }, change: perBlock(3) },
  int2: { title: '2-bit weights', strength: { kind: 'bits', value: 2 }, change: perBlock(2) },
  prune30: { title: '30 % pruned', strength: { kind: 'share', value: 0.7 }, change: pruned(0.3) },
  prune50: { title: '50 % pruned', strength: { kind: 'share', value: 0.5 }, change: pruned(0.5) },
  prune70: { title: '70 % pruned', strength: { kind: 'share', value: 0.3 }, change: pruned(0.7) },
  prune90: { title: '90 % pruned', strength: { kind: 'share', value: 0.1 }, change: pruned(0.9) },
  removed: {
    title: 'removed',
    strength: { kind: 'share', value: 0 },
    change: (rows) => rows.fill(0),
  },
} as const satisfies Record<string, Probe>;

export type ProbeName = keyof typeof probes;

/** Symmetric, scale = absmax / 127 of every row. */
function perChannel(rows: Float32Array, width: number): Float32Array {
  return quantized(rows, width, width, 8);
}

/** Symmetric, scale = absmax / (2^(bits−1) − 1) of every block of 32 inputs. */
function perBlock(bits: number) {
  return (rows: Float32Array, width: number) => quantized(rows, width, block, bits);
}

function quantized(
  values: Float32Array,
  width: number,
  length: number,
  bits: number,
): Float32Array {
  const largest = 2 ** (bits - 1) - 1;
  for (let row = 0; row < values.length; row += width) {
    for (let from = 0; from < width; from += length) {
      const part = values.subarray(row + from, row + Math.min(width, from + length));
      let most = 0;
      for (const value of part) most = Math.max(most, Math.abs(value));
      const scale = Math.fround(most / largest) || 1;
      for (let i = 0; i < part.length; i++) {
        const code = roundHalfEven(Math.fround((part[i] ?? 0) / scale));
        part[i] = Math.max(-largest - 1, Math.min(largest, code)) * scale;
      }
    }
  }
  return values;
}

/** The smallest of all the weight's magnitudes set to zero. */
function pruned(share: number) {
  return (values: Float32Array): Float32Array => {
    const sorted = Float32Array.from(values, Math.abs).sort();
    const count = Math.floor(values.length * share);
    const limit = sorted[count - 1];
    if (limit === undefined) return values;
    let left = count;
    // Equal magnitudes at the limit: as many as the share asks for, the first ones.
    for (const value of sorted) if (value < limit) left--;
    for (let i = 0; i < values.length; i++) {
      const magnitude = Math.abs(values[i] ?? 0);
      if (magnitude < limit || (magnitude === limit && left-- > 0)) values[i] = 0;
    }
    return values;
  };
}
