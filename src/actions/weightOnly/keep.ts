import type { Bits } from '../../kernels/blockwise';
import type { Matrix } from './matrices';
import { hasByteScales, packedBytes, type Params } from './params';

/** Width of the matrices that are kept more exact; undefined where there is nothing to gain. */
const widerThan = { 2: 4, 3: 4, 4: 8, 8: undefined } as const satisfies Record<
  Bits,
  Bits | undefined
>;

/** The matrix in the next wider format. */
export function widened(matrix: Matrix): Matrix {
  const bits = widerThan[matrix.options.bits] ?? matrix.options.bits;
  return { ...matrix, options: { ...matrix.options, bits } };
}

/** What keeping matrices more exact costs, and what all may cost together. */
export interface Budget {
  readonly bytes: number;
  /** Bytes that a matrix grows by; 0 where it is in the widest format already. */
  readonly growth: (matrix: Matrix) => number;
}

/** Room for the matrices to grow by `keep` percent of what they take. */
export function budgetOf(matrices: readonly Matrix[], params: Params): Budget {
  const bytesOf = ({ k, n, options }: Matrix) => packedBytes(k, n, options, hasByteScales(params));
  const total = matrices.reduce((sum, matrix) => sum + bytesOf(matrix), 0);
  return {
    bytes: (total * params.keep) / 100,
    growth: (matrix) => bytesOf(widened(matrix)) - bytesOf(matrix),
  };
}

/** Whether there is room to keep the matrix more exact. */
export function affordable(matrix: Matrix, { bytes, growth }: Budget): boolean {
  return growth(matrix) > 0 && growth(matrix) <= bytes;
}

/**
 * Ids of the matrices to keep more exact: those that avoid most error for their bytes, as far as the budget goes. `errors` are what each
 * does to the model's outputs at the narrow width; where they were not measured, tables come first that every position reads, the
 * smallest first: their error is the same at every token, and they take little.
 */
export function keptMatrices(
  matrices: readonly Matrix[],
  budget: Budget,
  errors?: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  const worth = (matrix: Matrix) =>
    (errors ? (errors.get(matrix.id) ?? 0) : Number(matrix.tables.length > 0)) /
    budget.growth(matrix);
  const ranked = matrices
    .filter((matrix) => affordable(matrix, budget) && worth(matrix) > 0)
    .sort((a, b) => worth(b) - worth(a));
  const kept = new Set<string>();
  let left = budget.bytes;
  for (const matrix of ranked) {
    if (budget.growth(matrix) > left) continue;
    left -= budget.growth(matrix);
    kept.add(matrix.id);
  }
  return kept;
}
