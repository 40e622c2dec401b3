import {
  type Bits,
  type BlockwiseOptions,
  type Grid,
  minMaxGrid,
  rangeWithZero,
} from './blockwise';

/**
 * How much of a block's range is tried. The optimum of bell-shaped blocks lies the lower the fewer the bits; with 8 bits nothing is
 * gained by clipping.
 */
const shrinks = {
  2: [1, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52, 0.44],
  3: [1, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64, 0.58],
  4: [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65],
  8: [1],
} as const satisfies Record<Bits, readonly number[]>;

/** The loss of a block's values, rounded to a grid, and the scale that would fit the codes best. */
interface Rounded {
  readonly loss: number;
  readonly scale: number;
}
type Trial = (block: Float32Array, scale: number, zeroPoint: number, top: number) => Rounded;

/** The grid with the least Σ|x − x̂|² among clipped ranges, each with its scale refitted to the codes by least squares. */
export function leastSquaresGrid(options: BlockwiseOptions): Grid {
  return searchGrid(options, squaredLoss);
}

/**
 * The grid with the least Σ|x − x̂|^¾. HQQ (Badri and Shaji 2023) aims at the power 0.7: a norm below one forgives outliers and serves the
 * many; three quarters are two square roots. Zero points stay integers, which the runtime's fast kernels need; HQQ's own are real numbers.
 */
export function halfQuadraticGrid(options: BlockwiseOptions): Grid {
  return searchGrid(options, rootLoss);
}

function searchGrid(options: BlockwiseOptions, round: Trial): Grid {
  const { bits, symmetric } = options;
  const top = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  const [widest, ...narrower] = shrinks[bits];
  const plain = minMaxGrid(options);
  return (block) => {
    const { low, high, extreme } = rangeWithZero(block);
    if (low === high) return plain(block);
    const exact = (-low * top) / (high - low);
    const full = symmetric ? extreme / -middle : (high - low) / top;
    let zeroPoint = symmetric ? middle : Math.floor(exact);
    let best = round(block, full * widest, zeroPoint, top);
    if (!symmetric && exact > zeroPoint) {
      const above = round(block, full * widest, zeroPoint + 1, top);
      if (above.loss < best.loss) [best, zeroPoint] = [above, zeroPoint + 1];
    }
    for (const shrink of narrower) {
      const rounded = round(block, full * shrink, zeroPoint, top);
      if (rounded.loss < best.loss) best = rounded;
    }
    return { scale: Math.fround(best.scale), zeroPoint };
  };
}

/**
 * With codes d = q − z the scale s = Σxd / Σd² is best, and leaves Σx² − (Σxd)² / Σd²: one pass finds both. The first sum is the same for
 * all grids of a block.
 */
function squaredLoss(block: Float32Array, scale: number, zeroPoint: number, top: number): Rounded {
  const reciprocal = 1 / scale;
  const shift = zeroPoint + 0.5;
  let product = 0;
  let square = 0;
  for (let i = 0; i < block.length; i++) {
    const value = block[i] ?? 0;
    // What is cut off towards zero instead of downwards is below the lowest code anyway.
    const code = (value * reciprocal + shift) | 0;
    const step = (code < 0 ? 0 : code > top ? top : code) - zeroPoint;
    product += value * step;
    square += step * step;
  }
  return square > 0
    ? { loss: (-product * product) / square, scale: product / square }
    : { loss: 0, scale };
}

function rootLoss(block: Float32Array, scale: number, zeroPoint: number, top: number): Rounded {
  const reciprocal = 1 / scale;
  const shift = zeroPoint + 0.5;
  let loss = 0;
  for (let i = 0; i < block.length; i++) {
    const value = block[i] ?? 0;
    const code = (value * reciprocal + shift) | 0;
    const step = (code < 0 ? 0 : code > top ? top : code) - zeroPoint;
    const error = Math.abs(value - step * scale);
    loss += Math.sqrt(error * Math.sqrt(error));
  }
  return { loss, scale };
}
