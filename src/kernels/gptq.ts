import { invertUpper, subtractRows, upperCholesky } from '../tensor/linalg';
import type { BlockGrids, Blockwise, BlockwiseOptions } from './blockwise';

/** Columns worked through before their error reaches the rest of the matrix: keeps the work inside the cache (Frantar et al. 2022). */
const lazyColumns = 128;
const usualDamping = 0.01;

/** What GPTQ needs of a Hessian; one serves all layers that read the same input. */
export interface InverseFactor {
  /** The first of a layer's inputs that it is about, and how many. */
  readonly from: number;
  readonly width: number;
  /** Inputs in the order in which they are rounded, those that matter most first; counted from `from`. */
  readonly order: Uint32Array;
  /** Upper-triangular U [width, width] with (H + λI)⁻¹ = Uᵀ · U, rows and columns in that order. */
  readonly u: Float32Array;
}

/**
 * Factors a Hessian [width, width], Σ x·xᵀ of a layer's inputs up to a factor, as GPTQ needs it. Damping, a share of the mean diagonal,
 * grows tenfold while the matrix is not positive definite. Undefined where it holds values that are not finite, as of a model that overflows.
 */
export function inverseFactor(
  hessian: Float32Array,
  width: number,
  from = 0,
  firstDamping = usualDamping,
): InverseFactor | undefined {
  const diagonal = Float64Array.from({ length: width }, (_, j) => hessian[j * width + j] ?? 0);
  const mean = diagonal.reduce((sum, value) => sum + value, 0) / width || 1;
  if (!Number.isFinite(mean)) return undefined;
  const order = roundingOrder(diagonal, mean);
  for (let damping = firstDamping; damping < 1e6; damping *= 10) {
    const damped = new Float64Array(width * width);
    for (let i = 0; i < width; i++) {
      const row = (order[i] ?? 0) * width;
      for (let j = 0; j < width; j++) damped[i * width + j] = hessian[row + (order[j] ?? 0)] ?? 0;
      // An input that never moves must not stop the factorisation.
      const own = damped[i * width + i] || mean;
      damped[i * width + i] = own + damping * mean;
    }
    const factor = upperCholesky(damped, width);
    if (factor) return { from, width, order, u: Float32Array.from(invertUpper(factor, width)) };
  }
  return undefined;
}

/**
 * Those first that matter most, while there are others left to make up for them. Inputs that matter about the same keep their places:
 * neighbours that belong together make up for each other best one after the other.
 */
function roundingOrder(diagonal: Float64Array, mean: number): Uint32Array {
  const rank = diagonal.map((value) => Math.round(Math.log2(value / mean)));
  return Uint32Array.from({ length: rank.length }, (_, j) => j).sort((a, b) => {
    const [first = 0, second = 0] = [rank[a], rank[b]];
    return first === second ? a - b : second - first;
  });
}

/**
 * GPTQ (Frantar et al. 2022): rounds channels [N, K] input by input and moves each rounding error onto the inputs not yet rounded, so that
 * the layer's output on the calibration data changes least. The grids are given, so that inputs can be taken in any order. The factors
 * together are about all inputs; errors stay among those of one.
 */
export function roundGptq(
  channels: Float32Array,
  k: number,
  factors: readonly InverseFactor[],
  options: BlockwiseOptions,
  grids: BlockGrids,
): Blockwise {
  const blocks = Math.ceil(k / options.block);
  const n = channels.length / k;
  const codes = new Uint8Array(n * blocks * options.block);
  const result = { ...options, ...grids, k, n, blocks, codes };
  for (const factor of factors) roundWindow(channels, factor, result);
  return result;
}

function roundWindow(channels: Float32Array, factor: InverseFactor, result: Blockwise): void {
  const { from, width, order, u } = factor;
  const { k, n } = result;
  const work = new Float32Array(n * width);
  for (let row = 0; row < n; row++) {
    for (let j = 0; j < width; j++) {
      work[row * width + j] = channels[row * k + from + (order[j] ?? 0)] ?? 0;
    }
  }
  const errors = new Float32Array(lazyColumns);
  for (let first = 0; first < width; first += lazyColumns) {
    const end = Math.min(width, first + lazyColumns);
    for (let row = 0; row < n; row++) {
      const values = work.subarray(row * width, (row + 1) * width);
      roundStretch(values, factor, first, end, row, result, errors);
      subtractRows(values, errors, u, { first, count: end - first, from: end, to: width, width });
    }
  }
}

/** Rounds one channel's inputs `first` to `end` of the order, and says what error each has left for those behind them. */
function roundStretch(
  values: Float32Array,
  { from, width, order, u }: InverseFactor,
  first: number,
  end: number,
  row: number,
  { block, blocks, bits, codes, scales, zeroPoints }: Blockwise,
  errors: Float32Array,
): void {
  const top = 2 ** bits - 1;
  for (let j = first; j < end; j++) {
    const input = from + (order[j] ?? 0);
    const at = row * blocks + Math.floor(input / block);
    const scale = scales[at] ?? 0;
    const zeroPoint = zeroPoints[at] ?? 0;
    const value = values[j] ?? 0;
    const nearest = scale === 0 ? zeroPoint : Math.floor(value / scale + zeroPoint + 0.5);
    const code = nearest < 0 ? 0 : nearest > top ? top : nearest;
    codes[row * blocks * block + input] = code;
    const error = (value - (code - zeroPoint) * scale) / (u[j * width + j] ?? 1);
    errors[j - first] = error;
    const factors = j * width;
    for (let i = j + 1; i < end; i++) values[i] = (values[i] ?? 0) - error * (u[factors + i] ?? 0);
  }
}
