import { transpose } from '../tensor/linalg';

/**
 * Weight-only quantization in blocks along the input dimension, in the layout of ONNX Runtime's MatMulNBits: one output channel per row,
 * blocks along K, the last block padded. Weights come as channels [N, K], which is how torch stores them; MatMul has [K, N].
 */

export type Bits = 2 | 3 | 4 | 8;

export interface BlockwiseOptions {
  readonly bits: Bits;
  /** Elements that share a scale: 16, 32, 64, 128 or 256 for the runtime's kernel. */
  readonly block: number;
  /** Signed-extreme symmetric: the element of largest magnitude maps to −2^(bits−1) exactly, so a scale may be negative. */
  readonly symmetric: boolean;
}

/** What the codes of every block mean: value = (code − zero point) · scale. */
export interface BlockGrids {
  /** [N, blocks] */
  readonly scales: Float32Array;
  /** [N, blocks], in codes; 2^(bits−1) throughout when symmetric. */
  readonly zeroPoints: Uint8Array;
}

export interface Blockwise extends BlockwiseOptions, BlockGrids {
  /** Inputs and output channels of the weight. */
  readonly k: number;
  readonly n: number;
  /** Of a channel. */
  readonly blocks: number;
  /** [N, blocks · block], one code per byte; the padding behind the last input is 0. */
  readonly codes: Uint8Array;
}

export interface GridPoint {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Scale and zero point of one block, from its values. */
export type Grid = (block: Float32Array) => GridPoint;

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
  for (let i = 0; i < block.length; i++) {
    const value = block[i] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high, extreme: Math.abs(high) > Math.abs(low) ? high : low };
}

/** A grid for every block of channels [N, K]. */
export function chooseGrids(
  channels: Float32Array,
  k: number,
  { block }: BlockwiseOptions,
  grid: Grid,
): BlockGrids {
  const blocks = Math.ceil(k / block);
  const n = channels.length / k;
  const scales = new Float32Array(n * blocks);
  const zeroPoints = new Uint8Array(n * blocks);
  for (let row = 0, at = 0; row < n; row++) {
    for (let from = 0; from < k; from += block, at++) {
      const to = Math.min(k, from + block);
      const values = channels.subarray(row * k + from, row * k + to);
      const { scale, zeroPoint } = grid(values);
      scales[at] = scale;
      zeroPoints[at] = zeroPoint;
    }
  }
  return { scales, zeroPoints };
}

/** Rounds channels [N, K] to the nearest points of their blocks' grids. */
export function roundToGrids(
  channels: Float32Array,
  k: number,
  options: BlockwiseOptions,
  grids: BlockGrids,
): Blockwise {
  const { bits, block } = options;
  const blocks = Math.ceil(k / block);
  const n = channels.length / k;
  const codes = new Uint8Array(n * blocks * block);
  const top = 2 ** bits - 1;
  for (let row = 0, at = 0; row < n; row++) {
    for (let from = 0; from < k; from += block, at++) {
      const scale = grids.scales[at] ?? 0;
      const zeroPoint = grids.zeroPoints[at] ?? 0;
      // The packer multiplies by the float32 reciprocal: dividing would round some halves to the other side.
      const reciprocal = scale === 0 ? 0 : Math.fround(1 / scale);
      const end = row * k + Math.min(k, from + block);
      for (let i = row * k + from, out = at * block; i < end; i++, out++) {
        const exact = Math.fround(Math.fround((channels[i] ?? 0) * reciprocal) + zeroPoint);
        const code = Math.floor(exact + 0.5);
        codes[out] = code < 0 ? 0 : code > top ? top : code;
      }
    }
  }
  return { ...options, ...grids, k, n, blocks, codes };
}

/** Quantizes a weight [K, N] (row-major, as MatMul has it) to the nearest point of each block's grid. */
export function quantizeBlockwise(
  weight: Float32Array,
  k: number,
  n: number,
  options: BlockwiseOptions,
  grid: Grid = minMaxGrid(options),
): Blockwise {
  const channels = transpose(weight, k, n);
  return roundToGrids(channels, k, options, chooseGrids(channels, k, options, grid));
}

/** The channels [N, K] that the codes stand for. */
export function dequantizeChannels(quantized: Blockwise): Float32Array {
  const { k, n, block, blocks, codes, scales, zeroPoints } = quantized;
  const channels = new Float32Array(n * k);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < k; i++) {
      const at = row * blocks + Math.floor(i / block);
      const code = codes[row * blocks * block + i] ?? 0;
      channels[row * k + i] = (code - (zeroPoints[at] ?? 0)) * (scales[at] ?? 0);
    }
  }
  return channels;
}

/** The weight [K, N] that the codes stand for. */
export function dequantizeBlockwise(quantized: Blockwise): Float32Array {
  return transpose(dequantizeChannels(quantized), quantized.n, quantized.k);
}
