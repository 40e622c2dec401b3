import type { RunTensor } from '../../src/runtime/runner';

/** A file as NumPy writes it. */
export function npyFile(
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  { fortran = false, version = 1 } = {},
): Uint8Array {
  const sizes = shape.map((size) => `${size},`).join(' ');
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sizes}), }`;
  const start = version === 1 ? 10 : 12;
  const header = `${dict.padEnd(Math.ceil((dict.length + 1 + start) / 64) * 64 - start - 1)}\n`;
  const { length } = header;
  const counted = [length & 255, length >> 8, 0, 0].slice(0, version === 1 ? 2 : 4);
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...counted]);
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

const kinds: Readonly<Record<string, string>> = {
  float32: '<f4',
  int64: '<i8',
  int32: '<i4',
  bool: '|b1',
};

/** A tensor of numbers as a `.npy` file. */
export function npyOf({ dtype, shape, data }: RunTensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView;
  return npyFile(kinds[dtype]!, shape, new Uint8Array(buffer, byteOffset, byteLength));
}
