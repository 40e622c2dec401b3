/** Every element type of ONNX up to IR 14: its code in `TensorProto.DataType`, its width, and the words other tools use for it. */
const table = {
  float32: { code: 1, bits: 32, short: 'f32', class: 'float' },
  uint8: { code: 2, bits: 8, short: 'u8', class: 'uint' },
  int8: { code: 3, bits: 8, short: 'i8', class: 'int' },
  uint16: { code: 4, bits: 16, short: 'u16', class: 'uint' },
  int16: { code: 5, bits: 16, short: 'i16', class: 'int' },
  int32: { code: 6, bits: 32, short: 'i32', class: 'int' },
  int64: { code: 7, bits: 64, short: 'i64', class: 'int' },
  string: { code: 8, bits: 0, short: 'str', class: 'string' },
  bool: { code: 9, bits: 8, short: 'bool', class: 'bool' },
  float16: { code: 10, bits: 16, short: 'f16', class: 'float' },
  float64: { code: 11, bits: 64, short: 'f64', class: 'float' },
  uint32: { code: 12, bits: 32, short: 'u32', class: 'uint' },
  uint64: { code: 13, bits: 64, short: 'u64', class: 'uint' },
  complex64: { code: 14, bits: 64, short: 'c64', class: 'complex' },
  complex128: { code: 15, bits: 128, short: 'c128', class: 'complex' },
  bfloat16: { code: 16, bits: 16, short: 'bf16', class: 'float' },
  float8e4m3fn: { code: 17, bits: 8, short: 'f8e4m3fn', class: 'float' },
  float8e4m3fnuz: { code: 18, bits: 8, short: 'f8e4m3fnuz', class: 'float' },
  float8e5m2: { code: 19, bits: 8, short: 'f8e5m2', class: 'float' },
  float8e5m2fnuz: { code: 20, bits: 8, short: 'f8e5m2fnuz', class: 'float' },
  uint4: { code: 21, bits: 4, short: 'u4', class: 'uint' },
  int4: { code: 22, bits: 4, short: 'i4', class: 'int' },
  float4e2m1: { code: 23, bits: 4, short: 'f4e2m1', class: 'float' },
  float8e8m0: { code: 24, bits: 8, short: 'f8e8m0', class: 'float' },
  uint2: { code: 25, bits: 2, short: 'u2', class: 'uint' },
  int2: { code: 26, bits: 2, short: 'i2', class: 'int' },
  float6e2m3: { code: 27, bits: 6, short: 'f6e2m3', class: 'float' },
  float6e3m2: { code: 28, bits: 6, short: 'f6e3m2', class: 'float' },
} as const;

export type DType = keyof typeof table;

export interface DTypeFacts {
  readonly code: number;
  /** Bits one element takes in packed storage; 0 for strings, which have no fixed width. */
  readonly bits: number;
  readonly short: string;
  readonly class: 'float' | 'int' | 'uint' | 'bool' | 'string' | 'complex';
}

export const dtypes: Readonly<Record<DType, DTypeFacts>> = table;

const byCode = new Map<number, DType>(
  Object.entries(table).map(([name, facts]) => [facts.code, name as DType]),
);

/** The type with this code in ONNX, or undefined for one that this version does not know. */
export function dtypeOf(code: number): DType | undefined {
  return byCode.get(code);
}

/** Bytes that `count` elements take in packed storage, rounded up to whole bytes. */
export function byteLength(dtype: DType, count: number): number {
  return Math.ceil((count * dtypes[dtype].bits) / 8);
}
