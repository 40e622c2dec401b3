import { type DType, dtypes } from '../../tensor/dtype';
import { isArrayType, numbersOf, tensorOf } from '../arrays';
import type { InputSpec } from '../inputs';
import type { RunTensor } from '../runner';
import { unfit } from './model';

/** `float32 [2, 3]`, for messages. */
export const describeTensor = ({ dtype, shape }: Pick<RunTensor, 'dtype' | 'shape'>) =>
  `${dtype} [${shape.join(', ')}]`;

/** Throws `badInput` where elements cannot be made those that the input takes: see `convertTo`. */
export function checkType(
  spec: InputSpec,
  tensor: Pick<RunTensor, 'dtype' | 'shape'>,
  what: string,
): void {
  const isSame = tensor.dtype === spec.dtype;
  if (isSame || (canConvert(tensor.dtype, spec.dtype) && isArrayType(spec.dtype))) return;
  throw unfit(spec, tensor, what);
}

/**
 * The tensor in the type that the input takes: whole numbers between whole types, floats between float types, whole numbers to floats.
 * Throws `badInput` for anything else.
 */
export function convertTo(spec: InputSpec, tensor: RunTensor, what: string): RunTensor {
  checkType(spec, tensor, what);
  if (tensor.dtype === spec.dtype || !isArrayType(spec.dtype)) return tensor;
  return tensorOf(spec.dtype, tensor.shape, numbersOf(tensor));
}

function canConvert(from: DType, to: DType): boolean {
  const source = dtypes[from].class;
  const target = dtypes[to].class;
  const isWhole = source === 'int' || source === 'uint' || source === 'bool';
  if (target === 'float') return source === 'float' || isWhole;
  return isWhole && (target === 'int' || target === 'uint' || target === 'bool');
}
