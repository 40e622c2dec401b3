import { makeNode } from '../onnx/builder';
import { computing } from './computing';
import { columns, type Hessian } from './hessians';
import type { Session } from './runner';

/** Σ (e·H)∘e of errors [rows, k] and a Hessian [k, k]. */
export const outputErrorModel = computing(
  [
    makeNode('MatMul', ['e', 'h'], ['eh']),
    makeNode('Mul', ['eh', 'e'], ['squares']),
    makeNode('ReduceSum', ['squares'], ['y'], { keepdims: 0 }),
  ],
  { e: ['rows', 'k'], h: ['k', 'k'] },
  [],
);

/**
 * What errors of channels [N, K] do to a layer's outputs on the data that the Hessian is of: Σ|e·x|², windows of inputs taken apart.
 * `session` runs `outputErrorModel`.
 */
export async function outputError(
  session: Session,
  errors: Float32Array,
  k: number,
  hessian: Hessian,
): Promise<number> {
  let total = 0;
  for (const { from, width, sums } of hessian) {
    const data = width === k ? errors : columns(errors, k, from, width);
    const e = { dtype: 'float32', shape: [data.length / width, width], data } as const;
    const h = { dtype: 'float32', shape: [width, width], data: sums } as const;
    const { outputs } = await session.run({ e, h });
    total += (outputs['y']?.data as Float32Array)[0] ?? 0;
  }
  return total;
}
