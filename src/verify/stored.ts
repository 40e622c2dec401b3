import { elementCount } from '../onnx/model';
import type { Layer, Weight } from '../structure/structure';
import { type DType, dtypes } from '../tensor/dtype';

/** Types in which indices into a table of values are stored. */
const indexTypes: readonly DType[] = ['uint8', 'int8', 'uint4', 'int4', 'uint2', 'int2'];

/**
 * The tensors that carry what a layer has learnt, the largest first: weights and tables, and the indices where a weight is looked up in a
 * table of its values. Biases, scales and the like are not among them.
 */
export function learntTensors({ weights }: Layer): Weight[] {
  const values = weights.filter(({ kind, parameters }) => parameters > 0 && kind !== 'bias');
  const most = Math.max(0, ...values.map(({ parameters }) => parameters));
  const indices = weights.filter(
    ({ kind, tensor }) =>
      kind === 'constant' &&
      most > 0 &&
      indexTypes.includes(tensor.dtype) &&
      elementCount(tensor.shape) > most,
  );
  const size = ({ tensor, parameters }: Weight) => Math.max(parameters, elementCount(tensor.shape));
  return [...values, ...indices].sort((a, b) => size(b) - size(a));
}

/** Whether its elements are stored in fewer bits than float32. */
export function isSmall({ tensor: { dtype } }: Weight): boolean {
  return dtypes[dtype].bits < 32 && dtypes[dtype].class !== 'string';
}
