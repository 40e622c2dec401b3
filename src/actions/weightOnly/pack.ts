import {
  type Blockwise,
  chooseGrids,
  dequantizeChannels,
  type Grid,
  roundToGrids,
} from '../../kernels/blockwise';
import { type InverseFactor, roundGptq } from '../../kernels/gptq';
import { packCodes, packZeroPoints, unpackBits } from '../../kernels/packing';
import type { OpenExternal } from '../../onnx/shapes/shapes';
import type { Matrix } from './matrices';

/** A matrix as the runtime's kernels take it. */
export interface Packed {
  /** [N, K · bits / 8], the last block padded. */
  readonly codes: Uint8Array;
  /** [N, blocks] */
  readonly scales: Float32Array;
  /** [N, ceil(blocks · bits / 8)] */
  readonly zeroPoints: Uint8Array;
}

/** Elements that are worked on at once, so that a matrix of any size takes little memory. */
const elementsAtOnce = 1 << 23;

/** Quantizes a matrix: to the nearest, or so that its outputs change least on the inputs that the factors were made of. */
export function packMatrix(
  { k, n, options, read }: Matrix,
  open: OpenExternal | undefined,
  grid: Grid,
  factors?: readonly InverseFactor[],
): Packed {
  const { bits, block } = options;
  const blocks = Math.ceil(k / block);
  const codeBytes = (blocks * block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const packed = {
    codes: new Uint8Array(n * codeBytes),
    scales: new Float32Array(n * blocks),
    zeroPoints: new Uint8Array(n * zeroBytes),
  };
  const step = Math.max(1, Math.floor(elementsAtOnce / k));
  for (let from = 0; from < n; from += step) {
    const channels = read(open, from, Math.min(n, from + step));
    const chosen = chooseGrids(channels, k, options, grid);
    const quantized: Blockwise = factors
      ? roundGptq(channels, k, factors, options, chosen)
      : roundToGrids(channels, k, options, chosen);
    packed.codes.set(packCodes(quantized), from * codeBytes);
    packed.scales.set(quantized.scales, from * blocks);
    packed.zeroPoints.set(packZeroPoints(quantized), from * zeroBytes);
  }
  return packed;
}

/** What packing changed: Ŵ − W as channels [N, K]. */
export function packingError(
  { k, n, options, read }: Matrix,
  open: OpenExternal | undefined,
  packed: Packed,
): Float32Array {
  const { bits, block, symmetric } = options;
  const blocks = Math.ceil(k / block);
  const padded = (Math.ceil((blocks * bits) / 8) * 8) / bits;
  const rows = unpackBits(packed.zeroPoints, bits);
  const zeroPoints = Uint8Array.from({ length: n * blocks }, (_, at) =>
    symmetric ? 2 ** (bits - 1) : (rows[Math.floor(at / blocks) * padded + (at % blocks)] ?? 0),
  );
  const codes = unpackBits(packed.codes, bits);
  const { scales } = packed;
  const error = dequantizeChannels({ ...options, k, n, blocks, codes, scales, zeroPoints });
  const channels = read(open, 0, n);
  for (let i = 0; i < error.length; i++) error[i] = (error[i] ?? 0) - (channels[i] ?? 0);
  return error;
}
