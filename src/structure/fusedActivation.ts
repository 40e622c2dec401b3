import { stringAttribute } from '../onnx/attributes';
import { onlyElement } from './contents';
import type { Bench, Draft } from './drafts';
import type { Source, Step } from './flow';
import { storedTensor } from './walk';

const activating = new Set(['GemmFastGelu', 'FusedMatMulActivation']);

/** Whether a product or convolution applies an activation itself, or its quantized result leaves no room below zero. */
export function activatesItself(bench: Bench, draft: Draft): boolean {
  const { node } = draft.main.entry;
  if (activating.has(node.op)) return true;
  if (stringAttribute(node, 'activation', '') !== '') return true;
  return [...draft.steps].some((step) => clipsBelow(bench, step));
}

/** Where the zero point of a quantized result stands among the inputs. */
const resultZeroPoint: Readonly<Record<string, number>> = {
  QLinearConv: 7,
  QLinearMatMul: 7,
  QGemm: 8,
};

function clipsBelow(bench: Bench, step: Step): boolean {
  const own = resultZeroPoint[step.entry.node.op];
  if (own !== undefined) return isLowest(bench, step.inputs[own]);
  const quantizing = step.readers.filter((reader) => reader.op !== 'Shape');
  return (
    quantizing.length > 0 &&
    quantizing.every((each) => each.op === 'QuantizeLinear' && isLowest(bench, each.inputs[2]))
  );
}

function isLowest(bench: Bench, zeroPoint: Source | undefined): boolean {
  const tensor = storedTensor(zeroPoint);
  const value = tensor && onlyElement(bench, tensor);
  return (
    value !== undefined &&
    value === (tensor?.dtype === 'int8' ? -128 : 0) &&
    tensor?.dtype !== 'int32'
  );
}
