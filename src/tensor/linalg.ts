/** Dense linear algebra on row-major square matrices in float64, for work too small or too sequential for the runtime. */

/**
 * The upper-triangular U with H = U · Uᵀ for a symmetric positive definite H [n, n] (a Cholesky factorisation from the last row up).
 * Undefined where H is not positive definite.
 */
export function upperCholesky(h: Float64Array, n: number): Float64Array | undefined {
  const u = new Float64Array(n * n);
  for (let j = n - 1; j >= 0; j--) {
    const rowJ = u.subarray(j * n, (j + 1) * n);
    let rest = h[j * n + j] ?? 0;
    for (let k = j + 1; k < n; k++) rest -= (rowJ[k] ?? 0) ** 2;
    if (!(rest > 0)) return undefined;
    const diagonal = Math.sqrt(rest);
    rowJ[j] = diagonal;
    for (let i = 0; i < j; i++) {
      const rowI = u.subarray(i * n, (i + 1) * n);
      let sum = h[i * n + j] ?? 0;
      for (let k = j + 1; k < n; k++) sum -= (rowI[k] ?? 0) * (rowJ[k] ?? 0);
      rowI[j] = sum / diagonal;
    }
  }
  return u;
}

/** The inverse of an upper-triangular matrix [n, n], upper-triangular as well. */
export function invertUpper(u: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    const row = inverse.subarray(i * n, (i + 1) * n);
    const scale = 1 / (u[i * n + i] ?? 0);
    row[i] = 1;
    for (let k = i + 1; k < n; k++) {
      const factor = u[i * n + k] ?? 0;
      if (factor === 0) continue;
      const other = inverse.subarray(k * n, (k + 1) * n);
      for (let j = k; j < n; j++) row[j] = (row[j] ?? 0) - factor * (other[j] ?? 0);
    }
    for (let j = i; j < n; j++) row[j] = (row[j] ?? 0) * scale;
  }
  return inverse;
}

/** [rows, columns] → [columns, rows]. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j] ?? 0;
  }
  return result;
}
