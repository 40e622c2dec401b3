import {
  type Blockwise,
  chooseGrids,
  dequantizeChannels,
  type Grid,
  roundToGrids,
} from '../../kernels/blockwise';
import { type InverseFactor, roundGptq } from '../../kernels/gptq';
import { packCodes, packZeroPoints, unpackBits } from '../../kernels/packing';
import { ladderOf, type ScaleLadder, scaleCodes, scalesOf } from '../../kernels/scaleCodes';
import type { OpenExternal } from '../../onnx/shapes/shapes';
import type { Matrix } from './matrices';
import { grids, hasByteScales, type Params } from './params';

/** A matrix as the runtime's kernels take it. */
export interface Packed {
  /** [N, K · bits / 8], the last block padded. */
  readonly codes: Uint8Array;
  /** [N, blocks] */
  readonly scales: Float32Array;
  /** The scales in a byte each, where they are stored so; they stand exactly on the ladder. */
  readonly ladder: { readonly codes: Uint8Array; readonly of: ScaleLadder } | undefined;
  /** [N, ceil(blocks · bits / 8)] */
  readonly zeroPoints: Uint8Array;
}

export interface PackOptions {
  readonly open: OpenExternal | undefined;
  readonly grid: Grid;
  /** Whether scales are rounded to a byte. */
  readonly byteScales: boolean;
  /** Of the inputs' Hessian: outputs then change least on those inputs. Without, weights are rounded to the nearest. */
  readonly factors?: readonly InverseFactor[] | undefined;
}

/** Rounding to the nearest, as the parameters have it. */
export function packOptions(
  { options }: Matrix,
  params: Params,
  open: OpenExternal | undefined,
): PackOptions {
  return { open, grid: grids[params.grid](options), byteScales: hasByteScales(params) };
}

/** All that a matrix's packing depends on besides its values and its inputs. */
export function packKey({ id, tables, products, options }: Matrix, params: Params): string {
  const { bits, block, symmetric } = options;
  const readers = [...products, ...tables].map(({ layer }) => layer.id);
  return JSON.stringify([
    id,
    readers,
    tables.length,
    bits,
    block,
    symmetric,
    params.grid,
    params.scales,
  ]);
}

/** Elements that are worked on at once, so that a matrix of any size takes little memory. */
const elementsAtOnce = 1 << 23;

/** Quantizes a matrix, a band of channels at a time. */
export function packMatrix(matrix: Matrix, pack: PackOptions): Packed {
  const { k, n, options, read } = matrix;
  const { bits, block } = options;
  const blocks = Math.ceil(k / block);
  const codeBytes = (blocks * block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const codes = new Uint8Array(n * codeBytes);
  const zeroPoints = new Uint8Array(n * zeroBytes);
  const { grids, ladder } = gridsOf(matrix, pack);
  for (const { from, to } of bandsOf(matrix)) {
    const channels = read(pack.open, from, to);
    const chosen = {
      scales: grids.scales.subarray(from * blocks, to * blocks),
      zeroPoints: grids.zeroPoints.subarray(from * blocks, to * blocks),
    };
    const quantized: Blockwise = pack.factors
      ? roundGptq(channels, k, pack.factors, options, chosen)
      : roundToGrids(channels, k, options, chosen);
    codes.set(packCodes(quantized), from * codeBytes);
    zeroPoints.set(packZeroPoints(quantized), from * zeroBytes);
  }
  return { codes, scales: grids.scales, ladder, zeroPoints };
}

function bandsOf({ k, n }: Matrix): { from: number; to: number }[] {
  const step = Math.max(1, Math.floor(elementsAtOnce / k));
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => ({
    from: i * step,
    to: Math.min(n, (i + 1) * step),
  }));
}

/** The grids of all blocks; codes are chosen for the scales as they will be stored. */
function gridsOf(matrix: Matrix, { open, grid, byteScales }: PackOptions) {
  const { k, n, options, read } = matrix;
  const blocks = Math.ceil(k / options.block);
  const scales = new Float32Array(n * blocks);
  const zeroPoints = new Uint8Array(n * blocks);
  for (const { from, to } of bandsOf(matrix)) {
    const chosen = chooseGrids(read(open, from, to), k, options, grid);
    scales.set(chosen.scales, from * blocks);
    zeroPoints.set(chosen.zeroPoints, from * blocks);
  }
  if (!byteScales) return { grids: { scales, zeroPoints }, ladder: undefined };
  const of = ladderOf(scales);
  const codes = scaleCodes(scales, of);
  return { grids: { scales: scalesOf(codes, of), zeroPoints }, ladder: { codes, of } };
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
