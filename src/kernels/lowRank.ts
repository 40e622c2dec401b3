import { transpose } from '../tensor/linalg';
import { decompose, type Decomposition } from './svd';

/** How much is left of a matrix that is written as the product of two narrow ones. */
export interface LowRank {
  /** Inner size of the two. */
  readonly rank: number;
  /** The product of the two, in the layout of the matrix. */
  readonly values: Float32Array;
}

/** A matrix [rows, width] with its singular values, so that it can be cut to several ranks. */
export interface Spectrum {
  /** Squares of the singular values, largest first. */
  readonly energies: Float64Array;
  /**
   * The nearest matrix of the smallest rank that keeps this share of the sum of the squared singular values (Eckart and Young 1936): the
   * squared error is the energy left out.
   */
  keeping(share: number): LowRank;
}

/** Finds the singular values of a matrix [rows, width]. Work grows with the square of the smaller side. */
export function spectrumOf(values: Float32Array, width: number): Spectrum {
  const rows = Math.floor(values.length / Math.max(1, width));
  const isWide = rows < width;
  const tall = isWide ? transpose(values, rows, width) : values;
  const n = Math.min(rows, width);
  const found = decompose(tall, n);
  return {
    energies: found.energies,
    keeping(share) {
      const rank = rankFor(found.energies, share);
      const cut = truncated(tall, n, found, rank);
      return { rank, values: isWide ? transpose(cut, width, rows) : cut };
    },
  };
}

/** The fewest of the energies that add up to `share` of all. */
export function rankFor(energies: Float64Array, share: number): number {
  const wanted = energies.reduce((sum, energy) => sum + energy, 0) * share;
  let sum = 0;
  let rank = 0;
  while (rank < energies.length && sum < wanted) sum += energies[rank++] ?? 0;
  return rank;
}

/** Goes through whichever vectors are fewer: those kept, or those taken away. */
function truncated(
  tall: Float32Array,
  n: number,
  { vectors }: Decomposition,
  rank: number,
): Float32Array {
  if (rank >= n) return tall.slice();
  const isSubtracted = rank > n / 2;
  const basis = isSubtracted ? vectors.subarray(rank * n) : vectors.subarray(0, rank * n);
  const result = new Float32Array(tall.length);
  const sum = new Float64Array(n);
  for (let from = 0; from < tall.length; from += n) {
    const row = Float64Array.from(tall.subarray(from, from + n));
    project(row, basis, n, sum);
    for (let j = 0; j < n; j++) {
      result[from + j] = isSubtracted ? (row[j] ?? 0) - (sum[j] ?? 0) : (sum[j] ?? 0);
    }
  }
  return result;
}

/** A row's part in the space of the basis [count, n]. */
function project(row: Float64Array, basis: Float64Array, n: number, sum: Float64Array): void {
  sum.fill(0);
  for (let from = 0; from < basis.length; from += n) {
    let [a, b] = [0, 0];
    let j = 0;
    for (; j + 1 < n; j += 2) {
      a += (row[j] ?? 0) * (basis[from + j] ?? 0);
      b += (row[j + 1] ?? 0) * (basis[from + j + 1] ?? 0);
    }
    if (j < n) a += (row[j] ?? 0) * (basis[from + j] ?? 0);
    const along = a + b;
    for (let k = 0; k < n; k++) sum[k] = (sum[k] ?? 0) + along * (basis[from + k] ?? 0);
  }
}
