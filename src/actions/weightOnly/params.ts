import { type Bits, type BlockwiseOptions, type Grid, minMaxGrid } from '../../kernels/blockwise';
import { halfQuadraticGrid, leastSquaresGrid } from '../../kernels/grids';
import type { ParamsOf } from '../../protocol/params';

export const params = {
  bits: {
    kind: 'choice',
    title: 'Width',
    help: 'Bits a weight takes, its share of the scales not counted.',
    options: { '8': '8 bits', '4': '4 bits', '2': '2 bits: large errors, measure them' },
    default: '4',
  },
  block: {
    kind: 'choice',
    title: 'Block',
    help: 'Weights that share a scale. Smaller blocks are more exact and take more bytes.',
    options: { '16': '16', '32': '32', '64': '64', '128': '128', '256': '256' },
    default: '32',
  },
  symmetric: {
    kind: 'boolean',
    title: 'Symmetric',
    help: 'No zero points: a little smaller, a little less exact. Scales are float32 then, as some are negative.',
    default: false,
  },
  scales: {
    kind: 'choice',
    title: 'Scales',
    help: 'How the scales of the blocks are stored.',
    options: {
      byte: 'A byte each, made float32 when the model is loaded: room for smaller blocks',
      float32: 'float32, as other tools have them',
    },
    default: 'byte',
  },
  keep: {
    kind: 'number',
    title: 'Kept more exact, %',
    help: 'Bytes that the most sensitive weights may add by taking twice the bits: found by trying each where there is data; tables of positions and the like without.',
    min: 0,
    max: 100,
    default: 1,
  },
  rounding: {
    kind: 'choice',
    title: 'Rounding',
    help: 'How weights are rounded where there is data to see the layers’ inputs on; without it, to the nearest.',
    options: {
      gptq: 'Errors made up for by the weights that follow (GPTQ)',
      nearest: 'To the nearest, whatever the data',
    },
    default: 'gptq',
  },
  grid: {
    kind: 'choice',
    title: 'Grid',
    help: 'How the scale and zero point of a block are chosen.',
    options: {
      leastSquares: 'Least squared error, ranges clipped where that is better',
      nearest: 'Smallest to largest value, as ONNX Runtime’s packer does',
      halfQuadratic: 'Least sum of roots of errors (HQQ), forgiving outliers',
    },
    default: 'leastSquares',
  },
} as const;
export type Params = ParamsOf<typeof params>;

export const grids = {
  leastSquares: leastSquaresGrid,
  nearest: minMaxGrid,
  halfQuadratic: halfQuadraticGrid,
} as const satisfies Record<Params['grid'], (options: BlockwiseOptions) => Grid>;

export function blockwiseOf({
  bits,
  block,
  symmetric,
}: Pick<Params, 'bits' | 'block' | 'symmetric'>): BlockwiseOptions {
  return { bits: Number(bits) as Bits, block: Number(block), symmetric };
}

/** Smallest block that the runtime's kernels take. */
const smallestBlock = 16;

/** The largest block of at most that size that rows of `width` divide into, as look-ups need it; undefined without any. */
export function dividingBlock(width: number, block: number): number | undefined {
  for (let size = block; size >= smallestBlock; size /= 2) if (width % size === 0) return size;
  return undefined;
}

/** Whether scales take a byte each: only positive ones can. */
export function hasByteScales({ scales, symmetric }: Params): boolean {
  return scales === 'byte' && !symmetric;
}

/** The smallest block that all widths have fast kernels for. */
const smallestFast = 32;

/** The block to use for products of `k` inputs: one that is larger than they are would be stored filled up with zeros. */
export function fittingBlock(k: number, block: number): number {
  let size = block;
  while (size > smallestFast && size / 2 >= k) size /= 2;
  return size;
}

/** Bytes of codes, scales and zero points of n channels of k inputs. */
export function packedBytes(
  k: number,
  n: number,
  { bits, block, symmetric }: BlockwiseOptions,
  byteScales: boolean,
): number {
  const blocks = Math.ceil(k / block);
  const zeroPoints = symmetric ? 0 : n * Math.ceil((blocks * bits) / 8);
  return (n * blocks * block * bits) / 8 + (byteScales ? 1 : 4) * n * blocks + zeroPoints;
}
