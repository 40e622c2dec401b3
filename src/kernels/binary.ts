/** Weights of one bit: a sign each and a scale per row. */

export interface Binary {
  /** 1 for positive, 0 for negative; one per value. */
  readonly codes: Uint8Array;
  /** One per row. */
  readonly scales: Float32Array;
}

/**
 * Sign and mean magnitude of every row, the binary row with the least squared error: α = ‖w‖₁ / n, b = sign(w)
 * (Rastegari et al. 2016, XNOR-Net, equations 5 and 6).
 */
export function binarize(values: Float32Array, rows: number): Binary {
  const width = values.length / rows;
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * width; i < (row + 1) * width; i++) sum += Math.abs(values[i] ?? 0);
    scales[row] = sum / width;
  }
  return { codes: Uint8Array.from(values, (value) => Number(value >= 0)), scales };
}
