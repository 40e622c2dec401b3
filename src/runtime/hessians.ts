import type { GraphIndex } from '../onnx/graph';
import { makeNode } from '../onnx/builder';
import type { Calibration } from './calibration';
import { type Observed, observe, type ObserveOptions } from './observe';
import { computing } from './computing';
import type { Session } from './runner';

/** Inputs of a layer whose errors may make up for each other: `sums` [width, width] is Σ x·xᵀ over the data. */
export interface HessianWindow {
  readonly from: number;
  readonly width: number;
  readonly sums: Float32Array;
}

/** In windows, so that wide layers take neither gigabytes nor hours: work grows with the cube of a window. */
export type Hessian = readonly HessianWindow[];

const widest = 2048;

export function hessianBytes(k: number): number {
  return Math.ceil(k / widest) * Math.min(k, widest) ** 2 * 4;
}

/**
 * Runs the data once and sums x·xᵀ over all that the named values hold, padding left out; `widths` are their last dimensions. Values that
 * turn out otherwise are left out.
 */
export async function gatherHessians(
  index: GraphIndex,
  calibration: Calibration,
  widths: ReadonlyMap<string, number>,
  options: ObserveOptions,
): Promise<ReadonlyMap<string, Hessian>> {
  const hessians = new Map([...widths].map(([name, k]) => [name, emptyHessian(k)]));
  const product = await calibration.load(productModel);
  try {
    await observe(
      index,
      calibration,
      [...widths.keys()],
      async (values) => {
        for (const [name, value] of values) {
          const hessian = hessians.get(name);
          const rows = realValues(value, widths.get(name) ?? 0);
          if (!rows) hessians.delete(name);
          else if (hessian) await add(hessian, rows, widths.get(name) ?? 0, product);
        }
      },
      options,
    );
  } finally {
    await product.release();
  }
  return hessians;
}

function emptyHessian(k: number): HessianWindow[] {
  return Array.from({ length: Math.ceil(k / widest) }, (_, i) => {
    const width = Math.min(widest, k - i * widest);
    return { from: i * widest, width, sums: new Float32Array(width * width) };
  });
}

/** The rows that stand for something, one after the other. */
function realValues({ tensor, real }: Observed, k: number): Float32Array | undefined {
  const { data, shape } = tensor;
  if (!(data instanceof Float32Array) || shape.at(-1) !== k) return undefined;
  if (!real) return data;
  const rows = new Float32Array(real.reduce((sum, each) => sum + each, 0) * k);
  let at = 0;
  for (let row = 0; row < real.length; row++) {
    if (!real[row]) continue;
    rows.set(data.subarray(row * k, (row + 1) * k), at);
    at += k;
  }
  return rows;
}

async function add(hessian: Hessian, values: Float32Array, k: number, product: Session) {
  for (const { from, width, sums } of hessian) {
    const data = width === k ? values : columns(values, k, from, width);
    const x = { dtype: 'float32', shape: [data.length / width, width], data } as const;
    const { outputs } = await product.run({ x });
    const sum = outputs['y']?.data as Float32Array;
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (sum[i] ?? 0);
  }
}

/** Columns `from` to `from + width` of values [rows, k]. */
export function columns(
  values: Float32Array,
  k: number,
  from: number,
  width: number,
): Float32Array {
  const rows = values.length / k;
  const part = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    part.set(values.subarray(row * k + from, row * k + from + width), row * width);
  }
  return part;
}

/** xᵀ·x: the runtime multiplies many times faster than a script. */
const productModel = computing(
  [makeNode('Gemm', ['x', 'x'], ['y'], { transA: 1 })],
  { x: ['rows', 'k'] },
  ['k', 'k'],
);
