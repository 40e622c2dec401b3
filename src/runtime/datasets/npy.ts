import { UserError } from '../../base/errors';
import { arrayOver, type ArrayType } from '../arrays';
import type { RunTensor } from '../runner';

/** Element types of NumPy by kind and width, as in `<f4`. */
const types: Readonly<Record<string, ArrayType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** Reads NumPy's array format, versions 1 to 3: numbers, booleans and fixed-width strings in either byte order and either memory order. */
export function readNpy(bytes: Uint8Array, name: string): RunTensor {
  const { descr, fortran, shape, data } = parseHeader(bytes, name);
  const count = shape.reduce((product, size) => product * size, 1);
  const [, order, kind, width] = /^([<>|=])([a-zA-Z])(\d+)$/.exec(descr) ?? [];
  const isText = kind === 'U' || kind === 'S';
  const type = types[`${kind}${width}`];
  if (!isText && !type) {
    throw bad(name, `has element type ${descr}; numbers, booleans and strings can be read`);
  }
  const size = kind === 'U' ? Number(width) * 4 : Number(width);
  if (!Number.isSafeInteger(count) || data.byteLength < count * size) {
    throw bad(name, `is cut off: [${shape.join(', ')}] of ${descr} does not fit into its bytes`);
  }
  const own = fortran ? rowMajor(data, size, shape) : data.slice(0, count * size);
  if (order === '>') swapBytes(own, kind === 'U' ? 4 : size);
  if (isText) return { dtype: 'string', shape, data: readText(own, kind, size, count) };
  return { dtype: type as ArrayType, shape, data: arrayOver(type as ArrayType, own) };
}

function parseHeader(bytes: Uint8Array, name: string) {
  const isNpy = bytes.length > 10 && bytes[0] === 0x93 && latin(bytes.subarray(1, 6)) === 'NUMPY';
  if (!isNpy) throw bad(name, 'is not a NumPy array');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = (bytes[6] ?? 0) >= 2 && bytes.length > 12;
  const start = isLong ? 12 : 10;
  const length = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = latin(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || sizes === undefined) {
    throw bad(name, 'has a header that cannot be read: structured arrays are not supported');
  }
  const shape = sizes
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  return { descr, fortran: fortran === 'True', shape, data: bytes.subarray(start + length) };
}

function readText(
  bytes: Uint8Array,
  kind: string | undefined,
  size: number,
  count: number,
): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, index) => {
    const from = index * size;
    if (kind === 'S') return latin(bytes.subarray(from, from + size)).replace(/\0+$/, '');
    let text = '';
    for (let at = from; at < from + size; at += 4) {
      const point = view.getUint32(at, true);
      if (point === 0 || point > 0x10ffff) break;
      text += String.fromCodePoint(point);
    }
    return text;
  });
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let from = 0; from + size <= bytes.length; from += size) {
    bytes.subarray(from, from + size).reverse();
  }
}

/** Elements of `size` bytes in the order of their indices, the last axis fastest. */
function rowMajor(data: Uint8Array, size: number, shape: readonly number[]): Uint8Array {
  const count = shape.reduce((product, axis) => product * axis, 1);
  const result = new Uint8Array(count * size);
  for (let index = 0; index < count; index++) {
    const from = columnMajor(index, shape) * size;
    result.set(data.subarray(from, from + size), index * size);
  }
  return result;
}

/** Where the element at `index` in row-major order lies in column-major order. */
function columnMajor(index: number, shape: readonly number[]): number {
  let rest = index;
  let at = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    const stride = shape.slice(0, axis).reduce((product, s) => product * s, 1);
    at += (rest % size) * stride;
    rest = Math.floor(rest / size);
  }
  return at;
}

const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

const bad = (name: string, why: string) => new UserError('badInput', `${name} ${why}.`);
