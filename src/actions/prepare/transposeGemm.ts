import { intAttribute } from '../../onnx/attributes';
import { computedTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { NodeEntry } from '../../onnx/graph';
import { floatValues } from '../../onnx/weights';
import { transpose } from '../../tensor/linalg';
import { defineAction, doesNotFit, fits, type Workbench } from '../action';
import { storedFloats } from './constants';
import { exact, isOp, withAttributes } from './whole';

/**
 * Gemm with its weight stored [N, K] and transB, as PyTorch writes linears: quantized weights behind a DequantizeLinear are then unpacked
 * at every run, 3 to 25 times slower. Stored [K, N] they run in the integer kernels.
 */
export const transposeGemm = defineAction({
  ...exact,
  scope: 'model',
  title: 'Transpose Gemm weights',
  about:
    'Stores the weights of Gemm layers the way the runtime’s quantized kernels take them; the answers stay equal.',
  params: {},
  appliesTo: ({ main }) =>
    isTurned(main)
      ? fits
      : doesNotFit('It is no Gemm with a stored float32 weight that is to be transposed.'),
  edits: (bench, layers) => layers.flatMap(({ main }) => (isTurned(main) ? turn(bench, main) : [])),
});

function isTurned(entry: NodeEntry): boolean {
  const { node, scope } = entry;
  const weight = isOp(entry, 'Gemm') ? storedFloats(scope, node.inputs[1] ?? '') : undefined;
  return weight?.shape.length === 2 && intAttribute(node, 'transB', 0) === 1;
}

function turn({ names, remember, open }: Workbench, entry: NodeEntry): Edit[] {
  const { node, scope } = entry;
  const [input = '', name = '', ...rest] = node.inputs;
  const weight = storedFloats(scope, name);
  const [rows = 0, columns = 0] = weight?.shape ?? [];
  if (!weight) return [];
  const values = remember(() => transpose(floatValues(weight, open), rows, columns));
  const fresh = names.fresh(`${name}_transposed`);
  const tensor = computedTensor(fresh, 'float32', [columns, rows], values);
  const turned = { ...withAttributes(node, ['transB']), inputs: [input, fresh, ...rest] };
  return [
    { kind: 'setTensor', scope, tensor },
    { kind: 'replaceNode', entry, nodes: [turned] },
  ];
}
