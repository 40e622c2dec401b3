/** Signed fixed-point numbers of any width: x ≈ code · scale, with codes from −(2^(bits−1) − 1) to 2^(bits−1) − 1. */

export interface FixedPointOptions {
  /** From 2 (−1, 0, 1) to 16. */
  readonly bits: number;
  /** Scales are powers of two, so that hardware shifts instead of multiplying; else the largest value gets the largest code. */
  readonly powersOfTwo: boolean;
}

export interface FixedPoint {
  readonly codes: Int16Array;
  /** One per row. */
  readonly scales: Float32Array;
}

/** Quantizes `rows` rows of consecutive values, each with its own scale. Rounding is to the nearest, ties away from zero. */
export function quantizeFixedPoint(
  values: Float32Array,
  rows: number,
  { bits, powersOfTwo }: FixedPointOptions,
): FixedPoint {
  const top = 2 ** (bits - 1) - 1;
  const width = values.length / rows;
  const codes = new Int16Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    let largest = 0;
    for (let i = from; i < from + width; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0));
    const scale = scaleFor(largest / top, powersOfTwo);
    scales[row] = scale;
    for (let i = from; i < from + width; i++) {
      const exact = (values[i] ?? 0) / scale;
      codes[i] = Math.max(-top, Math.min(top, Math.sign(exact) * Math.round(Math.abs(exact))));
    }
  }
  return { codes, scales };
}

function scaleFor(smallest: number, powersOfTwo: boolean): number {
  if (smallest === 0) return 1;
  return powersOfTwo ? 2 ** Math.ceil(Math.log2(smallest)) : Math.fround(smallest);
}

/** The values that the codes stand for. */
export function dequantizeFixedPoint({ codes, scales }: FixedPoint): Float32Array {
  const width = codes.length / Math.max(1, scales.length);
  return Float32Array.from(codes, (code, i) => code * (scales[Math.floor(i / width)] ?? 0));
}
