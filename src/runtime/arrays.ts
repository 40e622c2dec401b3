import type { DType } from '../tensor/dtype';

/** Typed arrays that hold integers of up to 32 bits, or floats. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

/** What the runtime's JavaScript interface takes for each element type; types that are not here cannot cross it. */
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
  int4: Uint8Array,
  uint4: Uint8Array,
} as const;

/** Element types whose tensors can be given to the runtime and fetched from it as typed arrays. */
export type ArrayType = keyof typeof constructors;

export function isArrayType(dtype: DType): dtype is ArrayType {
  return dtype in constructors;
}

/** Zeros for `count` elements; 4-bit types take half as many bytes. */
export function newArray(
  dtype: ArrayType,
  count: number,
): NumberArray | BigInt64Array | BigUint64Array {
  const size = dtype === 'int4' || dtype === 'uint4' ? Math.ceil(count / 2) : count;
  return new constructors[dtype](size);
}

/** A view of the same bytes as the type's own array; copies where they are not aligned for it. */
export function arrayOver(
  dtype: ArrayType,
  bytes: Uint8Array,
): NumberArray | BigInt64Array | BigUint64Array {
  const make = constructors[dtype];
  const size = make.BYTES_PER_ELEMENT;
  const whole = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new make(
    whole.buffer as ArrayBuffer,
    whole.byteOffset,
    Math.floor(whole.byteLength / size),
  );
}
