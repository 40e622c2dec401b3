/** Inputs that share a scale, for few bits. */
const block = 32;

/** Symmetric, scale = absmax / 127 of every row. */
export function perChannel(rows: Float32Array, width: number): Float32Array {
  return quantized(rows, width, width, 8);
}

/** Symmetric, scale = absmax / (2^(bits−1) − 1) of every block of 32 inputs. */
export function perBlock(bits: number) {
  return (rows: Float32Array, width: number) => quantized(rows, width, block, bits);
}

/** Added to a number and taken away again, it leaves the nearest whole number, the even one of two: a double holds no halves up there. */
const halfEven = 1.5 * 2 ** 52;

/** In place, as codes from −2^(bits−1) to 2^(bits−1) − 1 of every `length` inputs would give the values back. */
function quantized(
  values: Float32Array,
  width: number,
  length: number,
  bits: number,
): Float32Array {
  const largest = 2 ** (bits - 1) - 1;
  for (let row = 0; row < values.length; row += width) {
    for (let from = row; from < row + width; from += length) {
      quantizeStretch(values, from, Math.min(row + width, from + length), largest);
    }
  }
  return values;
}

function quantizeStretch(values: Float32Array, from: number, to: number, largest: number): void {
  let most = 0;
  for (let i = from; i < to; i++) {
    const magnitude = Math.abs(values[i] ?? 0);
    if (magnitude > most) most = magnitude;
  }
  const scale = Math.fround(most / largest) || 1;
  for (let i = from; i < to; i++) {
    // float32 division, as the runtime has it: a double's quotient may round to the other side.
    const code = Math.fround((values[i] ?? 0) / scale) + halfEven - halfEven;
    values[i] = (code > largest ? largest : code < -largest - 1 ? -largest - 1 : code) * scale;
  }
}
