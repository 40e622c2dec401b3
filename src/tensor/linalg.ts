/** Dense linear algebra on row-major square matrices in float64, for work too small or too sequential for the runtime. */

/**
 * The upper-triangular U with H = U · Uᵀ for a symmetric positive definite H [n, n] (a Cholesky factorisation from the last row up).
 * Undefined where H is not positive definite.
 */
export function upperCholesky(h: Float64Array, n: number): Float64Array | undefined {
  const u = new Float64Array(n * n);
  for (let j = n - 1; j >= 0; j--) {
    const own = j * n;
    let rest = h[own + j] ?? 0;
    for (let k = j + 1; k < n; k++) rest -= (u[own + k] ?? 0) ** 2;
    if (!(rest > 0)) return undefined;
    const diagonal = Math.sqrt(rest);
    u[own + j] = diagonal;
    let i = 0;
    for (; i + 4 <= j; i += 4) fourRows(u, h, n, i, j);
    for (; i < j; i++) {
      let sum = 0;
      for (let k = j + 1; k < n; k++) sum += (u[i * n + k] ?? 0) * (u[own + k] ?? 0);
      u[i * n + j] = ((h[i * n + j] ?? 0) - sum) / diagonal;
    }
  }
  return u;
}

/** Column j of the rows i to i + 3 of a factorisation: four sums at a time do not wait for each other. */
function fourRows(u: Float64Array, h: Float64Array, n: number, i: number, j: number): void {
  const own = j * n;
  const [row0, row1, row2, row3] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n] as const;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let k = j + 1; k < n; k++) {
    const factor = u[own + k] ?? 0;
    sum0 += (u[row0 + k] ?? 0) * factor;
    sum1 += (u[row1 + k] ?? 0) * factor;
    sum2 += (u[row2 + k] ?? 0) * factor;
    sum3 += (u[row3 + k] ?? 0) * factor;
  }
  const diagonal = u[own + j] ?? 1;
  u[row0 + j] = ((h[row0 + j] ?? 0) - sum0) / diagonal;
  u[row1 + j] = ((h[row1 + j] ?? 0) - sum1) / diagonal;
  u[row2 + j] = ((h[row2 + j] ?? 0) - sum2) / diagonal;
  u[row3 + j] = ((h[row3 + j] ?? 0) - sum3) / diagonal;
}

/** The inverse of an upper-triangular matrix [n, n], upper-triangular as well. */
export function invertUpper(u: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    const own = i * n;
    inverse[own + i] = 1;
    let k = i + 1;
    for (; k + 4 <= n; k += 4) subtractFour(inverse, u, n, i, k);
    for (; k < n; k++) {
      const factor = u[own + k] ?? 0;
      for (let j = k; j < n; j++) {
        inverse[own + j] = (inverse[own + j] ?? 0) - factor * (inverse[k * n + j] ?? 0);
      }
    }
    const scale = 1 / (u[own + i] ?? 0);
    for (let j = i; j < n; j++) inverse[own + j] = (inverse[own + j] ?? 0) * scale;
  }
  return inverse;
}

/** Row i less its shares of the rows k to k + 3, which is read and written once for all four. */
function subtractFour(inverse: Float64Array, u: Float64Array, n: number, i: number, k: number) {
  const own = i * n;
  const [row0, row1, row2, row3] = [k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n] as const;
  const factor0 = u[own + k] ?? 0;
  const factor1 = u[own + k + 1] ?? 0;
  const factor2 = u[own + k + 2] ?? 0;
  const factor3 = u[own + k + 3] ?? 0;
  for (let j = k; j < n; j++) {
    inverse[own + j] =
      (inverse[own + j] ?? 0) -
      (factor0 * (inverse[row0 + j] ?? 0) +
        factor1 * (inverse[row1 + j] ?? 0) +
        factor2 * (inverse[row2 + j] ?? 0) +
        factor3 * (inverse[row3 + j] ?? 0));
  }
}

/** Which rows of a matrix are subtracted, and from which of their columns. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
  readonly from: number;
  readonly to: number;
  /** Columns of the matrix. */
  readonly width: number;
}

/** target −= Σ factors[r] · row(first + r) of a matrix, in the columns `from` to `to`: four rows at a time, which reads the target a quarter as often. */
export function subtractRows(
  target: Float32Array,
  factors: Float32Array,
  matrix: Float32Array,
  { first, count, from, to, width }: RowRange,
): void {
  for (let r = 0; r < count; r += 4) {
    // Factors beyond the last are zero, and their rows any that there are.
    const [a, b, c, d] = [0, 1, 2, 3].map((i) =>
      r + i < count ? (factors[r + i] ?? 0) : 0,
    ) as Four;
    const [rowA, rowB, rowC, rowD] = [0, 1, 2, 3].map(
      (i) => (first + Math.min(r + i, count - 1)) * width,
    ) as Four;
    for (let j = from; j < to; j++) {
      target[j] =
        (target[j] ?? 0) -
        (a * (matrix[rowA + j] ?? 0) +
          b * (matrix[rowB + j] ?? 0) +
          c * (matrix[rowC + j] ?? 0) +
          d * (matrix[rowD + j] ?? 0));
    }
  }
}
type Four = [number, number, number, number];

/** [rows, columns] → [columns, rows], tile by tile: a column at a time would miss the cache at every element. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  const tile = 32;
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(rows, top + tile);
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(columns, left + tile);
      for (let j = left; j < right; j++) {
        for (let i = top; i < bottom; i++) result[j * rows + i] = values[i * columns + j] ?? 0;
      }
    }
  }
  return result;
}
