import { invertUpper, upperCholesky } from '../tensor/linalg';
import {
  encodeBlock,
  minMaxGrid,
  type Blockwise,
  type BlockwiseOptions,
  type Grid,
} from './blockwise';

/** Columns worked through before their error reaches the rest of the matrix: keeps the work inside the cache (Frantar et al. 2022). */
const lazyColumns = 128;
const firstDamping = 0.01;

/**
 * GPTQ (Frantar et al. 2022): quantizes a weight [K, N] input by input and moves each rounding error onto the inputs not yet
 * rounded, so that the layer's output on the calibration data changes least. `hessian` [K, K] is Σ x·xᵀ of the layer's inputs, up
 * to a factor. Damping starts at 1 % of the mean diagonal and grows tenfold while the matrix is not positive definite.
 */
export function quantizeGptq(
  weight: Float32Array,
  k: number,
  n: number,
  hessian: Float64Array,
  options: BlockwiseOptions,
  grid: Grid = minMaxGrid(options),
): Blockwise {
  const { block } = options;
  const blocks = Math.ceil(k / block);
  const result: Blockwise = {
    ...options,
    k,
    n,
    blocks,
    codes: new Uint8Array(n * blocks * block),
    scales: new Float32Array(n * blocks),
    zeroPoints: new Uint8Array(n * blocks),
  };
  const factor = inverseFactor(hessian, k);
  const dead = (j: number) => (hessian[j * k + j] ?? 0) === 0;
  const row = new Float64Array(k);
  const errors = new Float64Array(k);
  for (let out = 0; out < n; out++) {
    for (let j = 0; j < k; j++) row[j] = dead(j) ? 0 : (weight[j * n + out] ?? 0);
    quantizeRow(row, errors, factor, out, result, grid);
  }
  return result;
}

/** One output channel: rounds `row` in place of its codes, block by block. */
function quantizeRow(
  row: Float64Array,
  errors: Float64Array,
  factor: Float64Array,
  out: number,
  { k, block, blocks, bits, codes, scales, zeroPoints }: Blockwise,
  grid: Grid,
): void {
  const top = 2 ** bits - 1;
  const one = new Float32Array(1);
  for (let from = 0; from < k; from += lazyColumns) {
    const to = Math.min(k, from + lazyColumns);
    for (let j = from; j < to; j++) {
      const at = out * blocks + Math.floor(j / block);
      if (j % block === 0) {
        const found = grid(
          Float32Array.from(pending(row, errors, factor, k, j, from, Math.min(k, j + block))),
        );
        scales[at] = found.scale;
        zeroPoints[at] = found.zeroPoint;
      }
      const scale = scales[at] ?? 0;
      const zeroPoint = zeroPoints[at] ?? 0;
      const position = out * blocks * block + j;
      one[0] = row[j] ?? 0;
      encodeBlock(one, scale, zeroPoint, top, codes.subarray(position, position + 1));
      const rounded = ((codes[position] ?? 0) - zeroPoint) * scale;
      const error = ((row[j] ?? 0) - rounded) / (factor[j * k + j] ?? 1);
      errors[j] = error;
      for (let i = j + 1; i < to; i++) row[i] = (row[i] ?? 0) - error * (factor[j * k + i] ?? 0);
    }
    for (let j = from; j < to; j++) {
      const error = errors[j] ?? 0;
      const base = j * k;
      for (let i = to; i < k; i++) row[i] = (row[i] ?? 0) - error * (factor[base + i] ?? 0);
    }
  }
}

/** The row's values from `j` to `end`, with the errors of the current stretch already moved onto those beyond it. */
function pending(
  row: Float64Array,
  errors: Float64Array,
  factor: Float64Array,
  k: number,
  j: number,
  from: number,
  end: number,
): Float64Array {
  const values = row.slice(j, end);
  const stretchEnd = Math.min(k, from + lazyColumns);
  for (let done = from; done < j; done++) {
    for (let i = Math.max(j, stretchEnd); i < end; i++) {
      values[i - j] = (values[i - j] ?? 0) - (errors[done] ?? 0) * (factor[done * k + i] ?? 0);
    }
  }
  return values;
}

/** The upper-triangular U with (H + λI)⁻¹ = Uᵀ · U. */
function inverseFactor(hessian: Float64Array, k: number): Float64Array {
  let mean = 0;
  for (let j = 0; j < k; j++) mean += (hessian[j * k + j] ?? 0) / k;
  if (!(mean > 0)) mean = 1;
  for (let damping = firstDamping; ; damping *= 10) {
    const damped = hessian.slice();
    for (let j = 0; j < k; j++) {
      const diagonal = damped[j * k + j] ?? 0;
      damped[j * k + j] = (diagonal === 0 ? mean : diagonal) + damping * mean;
    }
    const factor = upperCholesky(damped, k);
    if (factor) return invertUpper(factor, k);
    if (damping > 1e6) throw new Error('The Hessian holds values that are not numbers.');
  }
}
