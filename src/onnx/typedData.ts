import type { ByteRange } from '../base/bytes';
import { packCodes } from '../tensor/decode';
import { byteLength, dtypes, type DType } from '../tensor/dtype';

/** The typed fields of TensorProto by number, and how they hold an element. */
const widths: Readonly<Record<number, 4 | 8 | 'varint'>> = {
  4: 4, // float_data
  5: 'varint', // int32_data
  7: 'varint', // int64_data
  10: 8, // double_data
  11: 'varint', // uint64_data
};

/**
 * The elements of a typed field in the layout of `raw_data`; undefined where the field does not suit the type or holds another
 * number of elements.
 */
export function unpackTyped(
  dtype: DType,
  count: number,
  field: number,
  ranges: readonly ByteRange[],
): Uint8Array | undefined {
  const length = ranges.reduce((sum, range) => sum + range.length, 0);
  if (widths[field] !== 'varint') {
    const fits = dtypeWidth(dtype) === widths[field] && length === byteLength(dtype, count);
    return fits ? joined(ranges, length) : undefined;
  }
  const { bits } = dtypes[dtype];
  // Types of 4 and 2 bits come packed, a byte in each number; those of 6 bits come one by one.
  const numbers = bits < 6 ? byteLength(dtype, count) : count;
  // Every number takes at least a byte: a forged shape must not make us reserve memory.
  if (bits === 0 || bits > 64 || numbers > length) return undefined;
  const width = Math.ceil(bits / 8);
  const unpacked = decodeVarints(joined(ranges, length), numbers, width);
  return unpacked && bits === 6 ? packCodes(unpacked, bits) : unpacked;
}

/** The width of what a fixed-width field would hold for the type: halves of a complex number. */
function dtypeWidth(dtype: DType): number {
  const { bits, class: kind } = dtypes[dtype];
  return kind === 'complex' ? bits / 16 : kind === 'float' ? bits / 8 : 0;
}

/** The low `width` bytes of each number; undefined unless there are exactly `count`. */
function decodeVarints(bytes: Uint8Array, count: number, width: number): Uint8Array | undefined {
  const result = new Uint8Array(count * width);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length || shift > 63) return undefined;
      const byte = bytes[at++] ?? 0;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x7f) << 28;
        high |= (byte & 0x7f) >> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) break;
    }
    for (let k = 0; k < width; k++) {
      result[i * width + k] = k < 4 ? low >>> (8 * k) : high >>> (8 * (k - 4));
    }
  }
  return at === bytes.length ? result : undefined;
}

function joined(ranges: readonly ByteRange[], length: number): Uint8Array {
  const [first] = ranges;
  if (first && ranges.length === 1) return first.source.read(first.offset, first.length);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const range of ranges) {
    bytes.set(range.source.read(range.offset, range.length), at);
    at += range.length;
  }
  return bytes;
}
