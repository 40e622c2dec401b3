import { decodeElements, encodeElements, type Numbers } from '../tensor/decode';
import type { DType } from '../tensor/dtype';
import type { RunTensor } from './runner';

/**
 * What the runtime's Node interface takes for each element type. Types that are not here cannot cross it: it declares 4-bit integers,
 * but its native half (1.30) refuses them.
 */
const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Element types whose tensors can be given to the runtime and fetched from it as typed arrays. */
export type ArrayType = keyof typeof constructors;

export function isArrayType(dtype: DType): dtype is ArrayType {
  return dtype in constructors;
}

/** The type's own array over bytes in the layout of `raw_data`; a copy where they are not aligned for it. */
export function arrayOver(dtype: ArrayType, bytes: Uint8Array): ArrayBufferView {
  const make = constructors[dtype];
  const size = make.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new make(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.byteLength / size);
}

/** A tensor of numbers, rounded and clamped to the type. */
export function tensorOf(
  dtype: ArrayType,
  shape: readonly number[],
  values: ArrayLike<number>,
): RunTensor {
  return { dtype, shape, data: arrayOver(dtype, encodeElements(dtype, values)) };
}

/** A tensor's elements as numbers. Throws `badInput` for strings. */
export function numbersOf({ dtype, shape, data }: RunTensor): Numbers {
  const view = data as ArrayBufferView;
  const bytes = Array.isArray(data)
    ? new Uint8Array(0)
    : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return decodeElements(
    dtype,
    bytes,
    shape.reduce((product, size) => product * size, 1),
  );
}
