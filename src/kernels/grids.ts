import { type BlockwiseOptions, type Grid, rangeWithZero } from './blockwise';

/** How much of a block's range is tried, largest first: the optimum for bell-shaped blocks lies between 0.6 and 1. */
const shrinks = Array.from({ length: 20 }, (_, i) => 1 - i * 0.025);

/**
 * The grid with the least Σ|x − x̂|² among clipped ranges, each with its scale refitted to the codes by least squares.
 */
export function leastSquaresGrid(options: BlockwiseOptions): Grid {
  return searchGrid(options, (error) => error * error);
}

/**
 * The grid with the least Σ|x − x̂|^0.7, as HQQ aims at (Badri and Shaji 2023): a norm below one forgives outliers and serves the
 * many. Zero points stay integers, which the runtime's fast kernels need; HQQ's own are real numbers.
 */
export function halfQuadraticGrid(options: BlockwiseOptions): Grid {
  return searchGrid(options, (error) => Math.abs(error) ** 0.7);
}

function searchGrid(
  { bits, symmetric }: BlockwiseOptions,
  penalty: (error: number) => number,
): Grid {
  const top = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  return (block) => {
    const { low, high, extreme } = rangeWithZero(block);
    if (low === high) return { scale: 0, zeroPoint: symmetric ? middle : 0 };
    let best = { scale: 0, zeroPoint: middle, loss: Infinity };
    const consider = (scale: number, zeroPoint: number) => {
      const fitted = refit(block, scale, zeroPoint, top);
      for (const candidate of [scale, fitted]) {
        const loss = lossOf(block, candidate, zeroPoint, top, penalty);
        if (loss < best.loss) best = { scale: candidate, zeroPoint, loss };
      }
    };
    for (const shrink of shrinks) {
      if (symmetric) {
        consider((extreme * shrink) / -middle, middle);
        continue;
      }
      const scale = ((high - low) * shrink) / top;
      const exact = (-low * shrink) / scale;
      for (const zeroPoint of new Set([Math.floor(exact), Math.ceil(exact)])) {
        if (zeroPoint >= 0 && zeroPoint <= top) consider(scale, zeroPoint);
      }
    }
    return { scale: Math.fround(best.scale), zeroPoint: best.zeroPoint };
  };
}

/** The scale that fits the codes best: Σ x(q − z) / Σ (q − z)². */
function refit(block: Float32Array, scale: number, zeroPoint: number, top: number): number {
  let product = 0;
  let square = 0;
  for (const value of block) {
    const step = codeOf(value, scale, zeroPoint, top) - zeroPoint;
    product += value * step;
    square += step * step;
  }
  return square > 0 ? product / square : scale;
}

function lossOf(
  block: Float32Array,
  scale: number,
  zeroPoint: number,
  top: number,
  penalty: (error: number) => number,
): number {
  let loss = 0;
  for (const value of block) {
    loss += penalty(value - (codeOf(value, scale, zeroPoint, top) - zeroPoint) * scale);
  }
  return loss;
}

function codeOf(value: number, scale: number, zeroPoint: number, top: number): number {
  const code = Math.round(value / scale + zeroPoint);
  return code < 0 ? 0 : code > top ? top : code;
}
