import { intAttribute } from '../onnx/attributes';
import { initializerOf, type NodeEntry } from '../onnx/graph';
import { dtypes } from '../tensor/dtype';

/** Why a MatMulNBits has no fast kernel, the surest reason first. */
export const slowProducts = {
  groups:
    'Its inputs are reordered by group (g_idx): the whole weight is dequantized on every run.',
  zeroPoints: 'Its zero points are floats: the whole weight is dequantized on every run.',
  level:
    '8-bit and 2-bit weights have a fast kernel at accuracy level 4 only: the whole weight is dequantized on every run.',
} as const satisfies Record<string, string>;

export type SlowProduct = keyof typeof slowProducts;

/** Which of the reasons is true of a node (onnxruntime/core/mlas/lib/qnbitgemm.cpp); undefined where it has. */
export function whySlowProduct({ node, scope }: NodeEntry): SlowProduct | undefined {
  if (node.op !== 'MatMulNBits') return undefined;
  const [, , , zeroPoints = '', groups = ''] = node.inputs;
  if (groups !== '') return 'groups';
  const stored = zeroPoints === '' ? undefined : initializerOf(scope, zeroPoints);
  if (stored && dtypes[stored.dtype].class === 'float') return 'zeroPoints';
  const isWide = intAttribute(node, 'bits', 4) === 4;
  return isWide || intAttribute(node, 'accuracy_level', 0) === 4 ? undefined : 'level';
}
