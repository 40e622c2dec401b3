import { UserError } from '../base/errors';
import { dtypes, type DType } from './dtype';
import { isMiniFloat, miniFloatCodes, miniFloatValues } from './minifloat';

/** Numbers in order; a typed array of whatever kind holds them exactly. */
export type Numbers = ArrayLike<number> & Iterable<number>;

const views = {
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  bool: Uint8Array,
};
type Direct = keyof typeof views;

const isDirect = (dtype: DType): dtype is Direct => dtype in views;

/**
 * `count` elements from their packed little-endian bytes. 64-bit integers come as the nearest numbers, exact up to 2^53; complex
 * numbers as pairs. The result may share memory with `bytes`. Throws `badInput` for strings.
 */
export function decodeElements(dtype: DType, bytes: Uint8Array, count: number): Numbers {
  if (dtype === 'string') throw new UserError('badInput', 'Text has no numbers.');
  if (isDirect(dtype)) return direct(dtype, bytes, count);
  if (dtype === 'int64' || dtype === 'uint64') return wholeNumbers(bytes, count, dtype === 'int64');
  const codes = unpack(bytes, count, dtypes[dtype].bits);
  if (isMiniFloat(dtype)) {
    const table = miniFloatValues(dtype);
    return Float32Array.from(codes, (code) => table[code] ?? NaN);
  }
  return dtypes[dtype].class === 'int' ? signed(codes, dtypes[dtype].bits) : codes;
}

/**
 * The packed little-endian bytes of numbers: rounded to the nearest the type has, ties to even, and clamped to its range (float16
 * and bfloat16 overflow to infinity instead). Complex numbers are given as pairs. Throws `badInput` for strings.
 */
export function encodeElements(dtype: DType, values: ArrayLike<number>): Uint8Array {
  if (dtype === 'string') throw new UserError('badInput', 'Text has no numbers.');
  if (isMiniFloat(dtype)) return packCodes(miniFloatCodes(dtype, values), dtypes[dtype].bits);
  const { bits, class: kind } = dtypes[dtype];
  if (dtype === 'int64' || dtype === 'uint64') return bytesOf(bigIntegers(values, dtype));
  if (isDirect(dtype)) {
    const typed = new views[dtype](values.length);
    if (kind === 'float' || kind === 'complex') typed.set(values);
    else fillIntegers(typed, values, kind === 'bool' ? [0, 1] : range(bits, kind === 'int'));
    return bytesOf(typed);
  }
  const codes = new Uint8Array(values.length);
  fillIntegers(codes, values, range(bits, kind === 'int'));
  return packCodes(codes, bits);
}

function bytesOf(typed: ArrayBufferView): Uint8Array {
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

function direct(dtype: Direct, bytes: Uint8Array, count: number): Numbers {
  const View = views[dtype];
  const length = dtypes[dtype].class === 'complex' ? 2 * count : count;
  // A typed array must start at a multiple of its element's width.
  const aligned = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new View(aligned.buffer as ArrayBuffer, aligned.byteOffset, length);
}

function wholeNumbers(bytes: Uint8Array, count: number, isSigned: boolean): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const high = isSigned ? view.getInt32(8 * i + 4, true) : view.getUint32(8 * i + 4, true);
    numbers[i] = high * 2 ** 32 + view.getUint32(8 * i, true);
  }
  return numbers;
}

/** Codes of 2, 4, 6, 8 or 16 bits, the first in the lowest bits. */
function unpack(bytes: Uint8Array, count: number, bits: number): Uint8Array | Uint16Array {
  if (bits === 16) return direct('uint16', bytes, count) as Uint16Array;
  if (bits === 8) return bytes.subarray(0, count);
  const mask = (1 << bits) - 1;
  const codes = new Uint8Array(count);
  for (let i = 0, at = 0; i < count; i++, at += bits) {
    const byte = at >> 3;
    codes[i] = (((bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8)) >> (at & 7)) & mask;
  }
  return codes;
}

/** The opposite of unpacking: codes of 2, 4, 6, 8 or 16 bits side by side, the first in the lowest bits. */
export function packCodes(codes: Uint8Array | Uint16Array, bits: number): Uint8Array {
  if (bits >= 8) return bytesOf(codes);
  const mask = (1 << bits) - 1;
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  for (let i = 0, at = 0; i < codes.length; i++, at += bits) {
    const shifted = ((codes[i] ?? 0) & mask) << (at & 7);
    const byte = at >> 3;
    bytes[byte] = (bytes[byte] ?? 0) | shifted;
    if (shifted > 0xff) bytes[byte + 1] = shifted >> 8;
  }
  return bytes;
}

function signed(codes: Uint8Array | Uint16Array, bits: number): Int8Array {
  const shift = 32 - bits;
  return Int8Array.from(codes, (code) => (code << shift) >> shift);
}

function range(bits: number, isSigned: boolean): readonly [low: number, high: number] {
  return isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

function fillIntegers(
  typed: { [index: number]: number },
  values: ArrayLike<number>,
  [low, high]: readonly [number, number],
): void {
  for (let i = 0; i < values.length; i++) {
    typed[i] = Math.min(high, Math.max(low, roundHalfEven(values[i] ?? 0)));
  }
}

function bigIntegers(values: ArrayLike<number>, dtype: 'int64' | 'uint64') {
  const typed =
    dtype === 'int64' ? new BigInt64Array(values.length) : new BigUint64Array(values.length);
  const [low, high] = dtype === 'int64' ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const whole = Number.isFinite(value)
      ? BigInt(roundHalfEven(value))
      : value > 0
        ? high
        : value < 0
          ? low
          : 0n;
    typed[i] = whole < low ? low : whole > high ? high : whole;
  }
  return typed;
}

/** Rounds ties to the even neighbour, as IEEE 754 and ONNX's QuantizeLinear do. */
export function roundHalfEven(value: number): number {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
