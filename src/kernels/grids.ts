import {
  type Bits,
  type BlockwiseOptions,
  type Grid,
  type GridPoint,
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
type Trial = (block: Float32Array, from: GridPoint, importance?: Float32Array) => Rounded;

/**
 * The grid with the least Σ wᵢ·|xᵢ − x̂ᵢ|² among clipped ranges, each with its scale refitted to the codes by least squares; w is the
 * importance.
 */
export function leastSquaresGrid(options: BlockwiseOptions): Grid {
  return searchGrid(options, squaredLoss(2 ** options.bits - 1));
}

/**
 * The grid with the least Σ|x − x̂|^¾. HQQ (Badri and Shaji 2023) aims at the power 0.7: a norm below one forgives outliers and serves the
 * many; three quarters are two square roots. Zero points stay integers, which the runtime's fast kernels need; HQQ's own are real numbers.
 */
export function halfQuadraticGrid(options: BlockwiseOptions): Grid {
  return searchGrid(options, rootLoss(2 ** options.bits - 1));
}

function searchGrid(options: BlockwiseOptions, round: Trial): Grid {
  const { bits, symmetric } = options;
  const top = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  const plain = minMaxGrid(options);
  return (block, importance) => {
    const { low, high, extreme } = rangeWithZero(block);
    if (low === high) return plain(block);
    const exact = (-low * top) / (high - low);
    const zeroPoints = symmetric ? [middle] : [...new Set([Math.floor(exact), Math.ceil(exact)])];
    const full = symmetric ? extreme / -middle : (high - low) / top;
    let best = { loss: Infinity, scale: full, zeroPoint: middle };
    for (const zeroPoint of zeroPoints) {
      for (const shrink of shrinks[bits]) {
        const rounded = round(block, { scale: full * shrink, zeroPoint }, importance);
        if (rounded.loss < best.loss) best = { ...rounded, zeroPoint };
      }
    }
    return { scale: Math.fround(best.scale), zeroPoint: best.zeroPoint };
  };
}

/**
 * With codes d = q − z the scale s = Σwxd / Σwd² is best, and leaves Σwx² − (Σwxd)² / Σwd²: one pass finds both. The first sum is the same
 * for all grids of a block.
 */
function squaredLoss(top: number): Trial {
  return (block, { scale, zeroPoint }, importance) => {
    const reciprocal = 1 / scale;
    const shift = zeroPoint + 0.5;
    let product = 0;
    let square = 0;
    for (let i = 0; i < block.length; i++) {
      const value = block[i] ?? 0;
      const code = Math.floor(value * reciprocal + shift);
      const step = (code < 0 ? 0 : code > top ? top : code) - zeroPoint;
      const weighted = importance ? step * (importance[i] ?? 0) : step;
      product += value * weighted;
      square += step * weighted;
    }
    return square > 0
      ? { loss: (-product * product) / square, scale: product / square }
      : { loss: 0, scale };
  };
}

function rootLoss(top: number): Trial {
  return (block, { scale, zeroPoint }) => {
    const reciprocal = 1 / scale;
    const shift = zeroPoint + 0.5;
    let loss = 0;
    for (let i = 0; i < block.length; i++) {
      const value = block[i] ?? 0;
      const code = Math.floor(value * reciprocal + shift);
      const step = (code < 0 ? 0 : code > top ? top : code) - zeroPoint;
      const error = Math.abs(value - step * scale);
      loss += Math.sqrt(error * Math.sqrt(error));
    }
    return { loss, scale };
  };
}
