import { type Bits, type BlockwiseOptions } from '../../kernels/blockwise';
import type { Matrix } from './matrices';
import { packedBytes, type Params } from './params';

/** Width of the matrices that are kept more exact; undefined where there is nothing to gain. */
export const widerThan = { 2: 4, 3: 4, 4: 8, 8: undefined } as const satisfies Record<
  Bits,
  Bits | undefined
>;

/** The matrix in the next wider format. */
export function widened(matrix: Matrix): Matrix {
  const bits = widerThan[matrix.options.bits] ?? matrix.options.bits;
  return { ...matrix, options: { ...matrix.options, bits } };
}

/**
 * Ids of the matrices to keep more exact: those that avoid most error for their bytes, until those of all have grown by `keep` percent.
 * `errors` are what each does to the model's outputs at the narrow width; where they were not measured, tables come first that every
 * position reads, the smallest first: their error is the same at every token, and they take little.
 */
export function keptMatrices(
  matrices: readonly Matrix[],
  { keep }: Params,
  errors?: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  const total = matrices.reduce((sum, matrix) => sum + bytesOf(matrix, matrix.options), 0);
  const growth = (matrix: Matrix) =>
    bytesOf(matrix, widened(matrix).options) - bytesOf(matrix, matrix.options);
  const worth = (matrix: Matrix) =>
    (errors ? (errors.get(matrix.id) ?? 0) : Number(matrix.tables.length > 0)) / growth(matrix);
  const ranked = matrices
    .filter((matrix) => growth(matrix) > 0 && worth(matrix) > 0)
    .sort((a, b) => worth(b) - worth(a));
  const kept = new Set<string>();
  let left = (total * keep) / 100;
  for (const matrix of ranked) {
    if (growth(matrix) > left) continue;
    left -= growth(matrix);
    kept.add(matrix.id);
  }
  return kept;
}

function bytesOf({ k, n }: Matrix, options: BlockwiseOptions): number {
  return packedBytes(k, n, options);
}
