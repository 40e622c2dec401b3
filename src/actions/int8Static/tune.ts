import { type InputGrid, type InputWeights, bestInputGrid } from '../../kernels/inputGrid';
import type { Workbench } from '../action';
import { readWeight } from '../linear';
import type { Product } from './products';
import type { RowSample } from './sample';

/** The grid that serves all products that read one input best. */
export function tuneInput(
  { open }: Workbench,
  sample: RowSample,
  products: readonly Product[],
  smooth: boolean,
): InputGrid {
  const matrices = products.map(({ linear }) => ({
    ...{ k: linear.k, n: linear.n, values: readWeight(linear, open) },
  }));
  return bestInputGrid(sample.result(), weightsOf(matrices), { smooth });
}

interface Matrix {
  readonly k: number;
  readonly n: number;
  /** [K, N] */
  readonly values: Float32Array;
}

function weightsOf(matrices: readonly Matrix[]): InputWeights {
  const k = matrices[0]?.k ?? 0;
  const energy = new Float64Array(k);
  const largest = new Float32Array(k);
  for (const { n, values } of matrices) {
    for (let row = 0; row < k; row++) {
      for (let i = row * n; i < (row + 1) * n; i++) {
        const value = Math.abs(values[i] ?? 0);
        energy[row] = (energy[row] ?? 0) + value * value;
        if (value > (largest[row] ?? 0)) largest[row] = value;
      }
    }
  }
  const squaredSteps = (factors: Float32Array | undefined) =>
    matrices.reduce((sum, matrix) => sum + stepsOf(matrix, factors), 0);
  return { energy, largest, squaredSteps };
}

/** Σ over columns of the squared step of symmetric 8-bit integers, rows divided by `factors`. */
function stepsOf({ k, n, values }: Matrix, factors: Float32Array | undefined): number {
  const largest = new Float32Array(n);
  for (let row = 0; row < k; row++) {
    const factor = factors?.[row] ?? 1;
    for (let column = 0; column < n; column++) {
      const value = Math.abs(values[row * n + column] ?? 0) / factor;
      if (value > (largest[column] ?? 0)) largest[column] = value;
    }
  }
  return largest.reduce((sum, value) => sum + (value / 127) ** 2, 0);
}
