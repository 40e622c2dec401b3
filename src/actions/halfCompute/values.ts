import { makeTensor, computedTensor } from '../../onnx/builder';
import { elementCount, type Tensor } from '../../onnx/model';
import type { OpenExternal } from '../../onnx/shapes/shapes';
import { floatValues, tensorChunks } from '../../onnx/weights';
import { encodeElements } from '../../tensor/decode';
import type { Workbench } from '../action';

/** Of finite float16 numbers. */
const largestHalf = 65504;
/**
 * What takes the place of finite numbers beyond that: they stand for "as much as there is" in masks. Half of the range, so that two of them, of
 * a causal mask and of padding, add up without becoming infinite: a row that is wholly masked would then be no numbers.
 */
const farHalf = largestHalf / 2;

/** Numbers of a float tensor that float16 cannot hold; infinities stay what they are. */
export function countBeyond(tensor: Tensor, open: OpenExternal | undefined): number {
  let count = 0;
  for (const chunk of tensorChunks(tensor, open)) {
    for (const value of chunk) if (isBeyond(Number(value))) count++;
  }
  return count;
}

/** The tensor's numbers in float16, computed when they are written. */
export function halfTensor(
  name: string,
  tensor: Tensor,
  { open, remember }: Pick<Workbench, 'open' | 'remember'>,
): Tensor {
  const codes = remember(() => encodeElements('float16', floatValues(tensor, open).map(halfValue)));
  return computedTensor(name, 'float16', tensor.shape, codes);
}

/** The same for a small one that an attribute holds. */
export function smallHalfTensor(tensor: Tensor, open: OpenExternal | undefined): Tensor {
  const values = encodeElements('float16', floatValues(tensor, open).map(halfValue));
  return makeTensor(tensor.name, 'float16', tensor.shape, values);
}

/** The zero that ConstantOfShape has where none is given. */
export function halfZero(): Tensor {
  return makeTensor('', 'float16', [1], new Uint16Array(elementCount([1])));
}

function isBeyond(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) > largestHalf;
}

function halfValue(value: number): number {
  return isBeyond(value) ? Math.sign(value) * farHalf : value;
}
