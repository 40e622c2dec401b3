/**
 * Weight-only quantization in blocks along the input dimension, in the layout of ONNX Runtime's MatMulNBits:
 * one output channel per row, blocks along K, the last block padded.
 */

export type Bits = 2 | 3 | 4 | 8;

export interface BlockwiseOptions {
  readonly bits: Bits;
  /** Elements that share a scale: 16, 32, 64, 128 or 256 for the runtime's kernel. */
  readonly block: number;
  /** Signed-extreme symmetric: the element of largest magnitude maps to −2^(bits−1) exactly, so a scale may be negative. */
  readonly symmetric: boolean;
}

export interface Blockwise extends BlockwiseOptions {
  /** Input and output channels of the weight [K, N]. */
  readonly k: number;
  readonly n: number;
  readonly blocks: number;
  /** [N, blocks · block], one code per byte; the padding behind the last input is 0. */
  readonly codes: Uint8Array;
  /** [N, blocks] */
  readonly scales: Float32Array;
  /** [N, blocks], in codes; 2^(bits−1) throughout when symmetric. */
  readonly zeroPoints: Uint8Array;
}

/** Scale and zero point of one block, from its values. */
export type Grid = (block: Float32Array) => { scale: number; zeroPoint: number };

/** The grid that ONNX Runtime's own packer chooses: min and max of the block, zero included. */
export function minMaxGrid({ bits, symmetric }: BlockwiseOptions): Grid {
  const top = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  return (block) => {
    const { low, high, extreme } = rangeWithZero(block);
    if (symmetric) {
      return { scale: Math.fround(extreme / -middle), zeroPoint: middle };
    }
    const scale = Math.fround(Math.fround(high - low) / top);
    if (scale === 0) return { scale, zeroPoint: 0 };
    const zeroPoint = Math.round(Math.fround(-low / scale));
    return { scale, zeroPoint: Math.min(top, Math.max(0, zeroPoint)) };
  };
}

/** Smallest and largest value of a block, zero included, and the one of larger magnitude with its sign. */
export function rangeWithZero(block: Float32Array): { low: number; high: number; extreme: number } {
  let low = 0;
  let high = 0;
  for (const value of block) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high, extreme: Math.abs(high) > Math.abs(low) ? high : low };
}

/** Quantizes a weight [K, N] (row-major, as MatMul has it) to the nearest point of each block's grid. */
export function quantizeBlockwise(
  weight: Float32Array,
  k: number,
  n: number,
  options: BlockwiseOptions,
  grid: Grid = minMaxGrid(options),
): Blockwise {
  const { bits, block } = options;
  const blocks = Math.ceil(k / block);
  const codes = new Uint8Array(n * blocks * block);
  const scales = new Float32Array(n * blocks);
  const zeroPoints = new Uint8Array(n * blocks);
  const column = new Float32Array(block);
  for (let row = 0; row < n; row++) {
    for (let b = 0; b < blocks; b++) {
      const size = Math.min(block, k - b * block);
      const values = column.subarray(0, size);
      for (let i = 0; i < size; i++) values[i] = weight[(b * block + i) * n + row] ?? 0;
      const at = row * blocks + b;
      const { scale, zeroPoint } = grid(values);
      scales[at] = scale;
      zeroPoints[at] = zeroPoint;
      encodeBlock(
        values,
        scale,
        zeroPoint,
        2 ** bits - 1,
        codes.subarray(at * block, (at + 1) * block),
      );
    }
  }
  return { ...options, k, n, blocks, codes, scales, zeroPoints };
}

/** Codes of one block; what lies behind its values is left as it is. */
export function encodeBlock(
  values: Float32Array,
  scale: number,
  zeroPoint: number,
  top: number,
  codes: Uint8Array,
): void {
  // The packer multiplies by the float32 reciprocal: dividing would round some halves to the other side.
  const reciprocal = scale === 0 ? 0 : Math.fround(1 / scale);
  for (let i = 0; i < values.length; i++) {
    const code = Math.round(Math.fround(Math.fround((values[i] ?? 0) * reciprocal) + zeroPoint));
    codes[i] = code < 0 ? 0 : code > top ? top : code;
  }
}

/** The weight [K, N] that the codes stand for. */
export function dequantizeBlockwise(quantized: Blockwise): Float32Array {
  const { k, n, block, blocks, codes, scales, zeroPoints } = quantized;
  const weight = new Float32Array(k * n);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < k; i++) {
      const at = row * blocks + Math.floor(i / block);
      const code = codes[row * blocks * block + i] ?? 0;
      weight[i * n + row] = (code - (zeroPoints[at] ?? 0)) * (scales[at] ?? 0);
    }
  }
  return weight;
}

/** Codes in the runtime's layout [N, blocks, block · bits / 8]: the first element in the low bits. 2, 4 and 8 bits only. */
export function packCodes({ codes, bits }: Blockwise): Uint8Array {
  return packBits(codes, bits);
}

/** Zero points as [N, ceil(blocks · bits / 8)]: rows start on a byte; what pads the last byte is the middle of the range. */
export function packZeroPoints({ zeroPoints, bits, n, blocks }: Blockwise): Uint8Array {
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const padded = (rowBytes * 8) / bits;
  const rows = new Uint8Array(n * padded).fill(2 ** (bits - 1));
  for (let row = 0; row < n; row++) {
    rows.set(zeroPoints.subarray(row * blocks, (row + 1) * blocks), row * padded);
  }
  return packBits(rows, bits);
}

/** Values of `bits` bits side by side in bytes, the first in the low bits. `bits` divides 8. */
export function packBits(values: Uint8Array, bits: number): Uint8Array {
  const perByte = 8 / bits;
  const packed = new Uint8Array(Math.ceil(values.length / perByte));
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor(i / perByte);
    packed[at] = (packed[at] ?? 0) | ((values[i] ?? 0) << ((i % perByte) * bits));
  }
  return packed;
}
