import type { Blockwise } from './blockwise';

/** Codes in the runtime's layout [N, blocks, block · bits / 8]: the first element in the low bits. 2, 4 and 8 bits only. */
export function packCodes({ codes, bits }: Blockwise): Uint8Array {
  return packBits(codes, bits);
}

/** Zero points as [N, ceil(blocks · bits / 8)]: rows start on a byte; what pads the last byte is the middle of the range. */
export function packZeroPoints({ zeroPoints, bits, n, blocks }: Blockwise): Uint8Array {
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const padded = (rowBytes * 8) / bits;
  const rows = new Uint8Array(n * padded).fill(2 ** (bits - 1));
  for (let row = 0; row < n; row++) {
    rows.set(zeroPoints.subarray(row * blocks, (row + 1) * blocks), row * padded);
  }
  return packBits(rows, bits);
}

/** Values of `bits` bits side by side in bytes, the first in the low bits. `bits` divides 8. */
export function packBits(values: Uint8Array, bits: number): Uint8Array {
  if (bits === 8) return values;
  const perByte = 8 / bits;
  const packed = new Uint8Array(Math.ceil(values.length / perByte));
  for (let at = 0, i = 0; at < packed.length; at++) {
    let byte = 0;
    for (let shift = 0; shift < 8; shift += bits) byte |= (values[i++] ?? 0) << shift;
    packed[at] = byte;
  }
  return packed;
}

/** The opposite of packing: one value a byte. */
export function unpackBits(packed: Uint8Array, bits: number): Uint8Array {
  if (bits === 8) return packed;
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  const values = new Uint8Array(packed.length * perByte);
  for (let at = 0, i = 0; at < packed.length; at++) {
    const byte = packed[at] ?? 0;
    for (let shift = 0; shift < 8; shift += bits) values[i++] = (byte >> shift) & mask;
  }
  return values;
}
