import type { DType } from './dtype';

/** The layout of a floating-point type narrower than 32 bits. */
interface Format {
  readonly exponent: number;
  readonly mantissa: number;
  readonly bias: number;
  /**
   * What the topmost codes mean: `ieee` has infinities and NaNs, `fn` one NaN of all ones and no infinity, `fnuz` a single NaN in
   * place of negative zero, `finite` neither.
   */
  readonly special: 'ieee' | 'fn' | 'fnuz' | 'finite';
  /** Whether what is too large becomes the largest number, as ONNX's Cast does by default for 8 bits and fewer. */
  readonly saturates: boolean;
}

/** From the ONNX specification, "Float stored in 8 bits" and its pages on 4 and 6 bits; float16 from IEEE 754. */
const formats = {
  float16: { exponent: 5, mantissa: 10, bias: 15, special: 'ieee', saturates: false },
  bfloat16: { exponent: 8, mantissa: 7, bias: 127, special: 'ieee', saturates: false },
  float8e4m3fn: { exponent: 4, mantissa: 3, bias: 7, special: 'fn', saturates: true },
  float8e4m3fnuz: { exponent: 4, mantissa: 3, bias: 8, special: 'fnuz', saturates: true },
  float8e5m2: { exponent: 5, mantissa: 2, bias: 15, special: 'ieee', saturates: true },
  float8e5m2fnuz: { exponent: 5, mantissa: 2, bias: 16, special: 'fnuz', saturates: true },
  float6e2m3: { exponent: 2, mantissa: 3, bias: 1, special: 'finite', saturates: true },
  float6e3m2: { exponent: 3, mantissa: 2, bias: 3, special: 'finite', saturates: true },
  float4e2m1: { exponent: 2, mantissa: 1, bias: 1, special: 'finite', saturates: true },
} as const satisfies Partial<Record<DType, Format>>;

export type MiniFloat = keyof typeof formats | 'float8e8m0';

export function isMiniFloat(dtype: DType): dtype is MiniFloat {
  return dtype in formats || dtype === 'float8e8m0';
}

const tables = new Map<MiniFloat, Float32Array>();

/** The number that each code of the type stands for. */
export function miniFloatValues(dtype: MiniFloat): Float32Array {
  const known = tables.get(dtype);
  if (known) return known;
  const table =
    dtype === 'float8e8m0'
      ? Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? NaN : 2 ** (code - 127)))
      : valuesOf(formats[dtype]);
  tables.set(dtype, table);
  return table;
}

function valuesOf(format: Format): Float32Array {
  const magnitudes = 1 << (format.exponent + format.mantissa);
  return Float32Array.from({ length: 2 * magnitudes }, (_, code) => {
    const magnitude = code % magnitudes;
    if (format.special === 'fnuz' && code === magnitudes) return NaN;
    return (code < magnitudes ? 1 : -1) * magnitudeOf(format, magnitude);
  });
}

function magnitudeOf({ exponent, mantissa, bias, special }: Format, code: number): number {
  const fraction = code & ((1 << mantissa) - 1);
  const power = code >> mantissa;
  const top = (1 << exponent) - 1;
  if (special === 'ieee' && power === top) return fraction === 0 ? Infinity : NaN;
  if (special === 'fn' && code === (1 << (exponent + mantissa)) - 1) return NaN;
  return power === 0
    ? fraction * 2 ** (1 - bias - mantissa)
    : ((1 << mantissa) + fraction) * 2 ** (power - bias - mantissa);
}

/** The codes of the nearest numbers, ties to even. NaN becomes zero in a type that has none. */
export function miniFloatCodes(
  dtype: MiniFloat,
  values: ArrayLike<number>,
): Uint8Array | Uint16Array {
  const wide = dtype === 'float16' || dtype === 'bfloat16';
  const codes = wide ? new Uint16Array(values.length) : new Uint8Array(values.length);
  const encode = dtype === 'float8e8m0' ? powerCode : coder(formats[dtype]);
  for (let i = 0; i < values.length; i++) codes[i] = encode(values[i] ?? 0);
  return codes;
}

const single = new Float32Array(1);
const bitsOfSingle = new Uint32Array(single.buffer);

function coder(format: Format): (value: number) => number {
  const { exponent, mantissa, bias, special, saturates } = format;
  const sign = 1 << (exponent + mantissa);
  const largest =
    special === 'ieee' ? sign - (1 << mantissa) - 1 : special === 'fn' ? sign - 2 : sign - 1;
  const nan = { ieee: sign - (1 << (mantissa - 1)), fn: sign - 1, fnuz: sign, finite: 0 }[special];
  const overflow = saturates ? largest : largest + 1;
  return (value) => {
    if (Number.isNaN(value)) return nan;
    single[0] = value;
    const bits = bitsOfSingle[0] ?? 0;
    const code = Math.min(rounded(bits & 0x7fffffff, mantissa, bias), overflow);
    const negative = bits >>> 31 === 1 && !(special === 'fnuz' && code === 0);
    return negative ? code | sign : code;
  };
}

/** The code of a magnitude given as the bits of a 32-bit float; one beyond the largest for what is too large. */
function rounded(bits: number, mantissa: number, bias: number): number {
  const power = Math.max(1, bits >>> 23) - 127 + bias;
  const fraction = bits < 0x800000 ? bits : (bits & 0x7fffff) | 0x800000;
  // Below the smallest normal number more bits of the fraction fall away.
  const shift = 23 - mantissa + Math.max(0, 1 - power);
  if (shift > 24) return 0;
  const kept = fraction >>> shift;
  const lost = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = lost > half || (lost === half && (kept & 1) === 1) ? 1 : 0;
  // A fraction rounded up to the next power carries into the exponent by itself.
  return ((Math.max(1, power) - 1) << mantissa) + kept + up;
}

/** E8M0 has powers of two only, rounded up as ONNX's Cast does by default; what is not positive becomes the least. */
function powerCode(value: number): number {
  if (Number.isNaN(value)) return 255;
  if (value <= 0) return 0;
  return Math.min(254, Math.max(0, Math.ceil(Math.log2(value)) + 127));
}
