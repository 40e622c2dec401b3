import { UserError } from '../../base/errors';
import { type DType, dtypes } from '../../tensor/dtype';
import { isArrayType, numbersOf, tensorOf } from '../arrays';
import { describeSpec, type InputSpec } from '../inputs';
import type { RunTensor } from '../runner';

/** `float32 [2, 3]`, for messages. */
export const describeTensor = ({ dtype, shape }: RunTensor) => `${dtype} [${shape.join(', ')}]`;

/**
 * The tensor in the type that the input takes: whole numbers between whole types, floats between float types, whole numbers to floats.
 * Throws `badInput` for anything else.
 */
export function convertTo(spec: InputSpec, tensor: RunTensor, what: string): RunTensor {
  if (tensor.dtype === spec.dtype) return tensor;
  if (!canConvert(tensor.dtype, spec.dtype) || !isArrayType(spec.dtype)) {
    throw new UserError(
      'badInput',
      `${what} is ${describeTensor(tensor)}; the model takes ${describeSpec(spec)}.`,
    );
  }
  return tensorOf(spec.dtype, tensor.shape, numbersOf(tensor));
}

function canConvert(from: DType, to: DType): boolean {
  const source = dtypes[from].class;
  const target = dtypes[to].class;
  const isWhole = source === 'int' || source === 'uint' || source === 'bool';
  if (target === 'float') return source === 'float' || isWhole;
  return isWhole && (target === 'int' || target === 'uint' || target === 'bool');
}
