import { type ByteSource, memorySource } from '../../base/bytes';
import { UserError } from '../../base/errors';
import { arrayOver, type ArrayType } from '../arrays';
import type { RunTensor } from '../runner';
import { takeAxis } from './slices';

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

/** Arrays up to so many bytes are kept once they were read; of larger ones only what is asked for is. */
const keptBytes = 64e6;
/** Arrays of which parts cannot be read are refused above so many bytes. */
const mostWhole = 2 ** 31;
/** No header that NumPy writes is nearly as long. */
const longestHeader = 1e6;

/** An array of which parts can be had. */
export interface StoredArray extends Pick<RunTensor, 'dtype' | 'shape'> {
  /** What lies at these places along an axis, in their order. Throws `badInput` when it cannot be read. */
  take(axis: number, places: readonly number[]): RunTensor;
  /** All of it. Throws `badInput` when it is too large for that. */
  all(): RunTensor;
}

/** How an array's elements lie in its file, which is named for messages. */
interface Layout {
  readonly name: string;
  readonly dtype: ArrayType | 'string';
  /** `U` for texts of 32-bit characters, `S` for bytes. */
  readonly kind: string;
  /** Bytes of an element. */
  readonly size: number;
  readonly isSwapped: boolean;
  /** Column by column. */
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly count: number;
  /** Where the elements begin. */
  readonly start: number;
}

/** Reads NumPy's array format, versions 1 to 3: numbers, booleans and fixed-width strings in either byte order and either memory order. */
export function readNpy(bytes: Uint8Array, name: string): RunTensor {
  return openNpy(memorySource(name, bytes), name).all();
}

/** As `readNpy`, but elements are read when somebody asks for them. Throws `badInput` for what is no such array, or cut off. */
export function openNpy(source: ByteSource, name: string): StoredArray {
  const layout = layoutOf(source, name);
  const { dtype, shape, count, size, start, fortran } = layout;
  let kept: RunTensor | undefined;
  const all = () => {
    if (kept) return kept;
    if (count * size > mostWhole) throw tooLarge(layout);
    const bytes = source.read(start, count * size);
    const whole = decode(fortran ? rowMajor(bytes, size, shape) : bytes, layout, shape);
    if (count * size <= keptBytes) kept = whole;
    return whole;
  };
  const take = (axis: number, places: readonly number[]) => {
    if (axis > 0 || fortran || count * size <= keptBytes) return takeAxis(all(), axis, places);
    const row = size * shape.slice(1).reduce((product, each) => product * each, 1);
    const bytes = readRows(source, start, row, places);
    return decode(bytes, layout, shape.with(0, places.length));
  };
  return { dtype, shape, take, all };
}

/** Rows that lie one after the other are read at once. */
function readRows(source: ByteSource, start: number, row: number, places: readonly number[]) {
  const bytes = new Uint8Array(places.length * row);
  for (let at = 0, next = 0; at < places.length; at = next) {
    const first = places[at] ?? 0;
    for (next = at + 1; places[next] === first + next - at;) next++;
    bytes.set(source.read(start + first * row, (next - at) * row), at * row);
  }
  return bytes;
}

function decode(
  bytes: Uint8Array,
  { dtype, kind, size, isSwapped }: Layout,
  shape: readonly number[],
): RunTensor {
  const own = isSwapped ? swapped(bytes, kind === 'U' ? 4 : size) : bytes;
  const count = shape.reduce((product, each) => product * each, 1);
  if (dtype === 'string') return { dtype, shape, data: readText(own, kind, size, count) };
  return { dtype, shape, data: arrayOver(dtype, own) };
}

function layoutOf(source: ByteSource, name: string): Layout {
  const { descr, fortran, shape, start } = parseHeader(source, name);
  const [, order, kind = '', width = ''] = /^([<>|=])([a-zA-Z])(\d+)$/.exec(descr) ?? [];
  const isText = kind === 'U' || kind === 'S';
  const dtype = isText ? 'string' : types[`${kind}${width}`];
  if (!dtype) {
    throw bad(name, `has element type ${descr}; numbers, booleans and strings can be read`);
  }
  const size = kind === 'U' ? Number(width) * 4 : Number(width);
  const count = shape.reduce((product, each) => product * each, 1);
  if (!Number.isSafeInteger(count) || source.size - start < count * size) {
    throw bad(name, `is cut off: [${shape.join(', ')}] of ${descr} does not fit into its bytes`);
  }
  return { name, dtype, kind, size, isSwapped: order === '>', fortran, shape, count, start };
}

function parseHeader(source: ByteSource, name: string) {
  const head = source.read(0, Math.min(12, source.size));
  const isNpy = head.length > 10 && head[0] === 0x93 && latin(head.subarray(1, 6)) === 'NUMPY';
  if (!isNpy) throw bad(name, 'is not a NumPy array');
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isLong = (head[6] ?? 0) >= 2 && head.length === 12;
  const from = isLong ? 12 : 10;
  const length = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > Math.min(longestHeader, source.size - from)) throw bad(name, 'has a broken header');
  const header = latin(source.read(from, length));
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
  return { descr, fortran: fortran === 'True', shape, start: from + length };
}

function tooLarge({ name, fortran, count, size }: Layout): UserError {
  const why = fortran ? 'is stored column by column' : 'has its samples along a later axis';
  return new UserError(
    'badInput',
    `${name} ${why}, so that its ${Math.round((count * size) / 1e6)} MB would have to be read whole.`,
    'Save it with the samples along the first axis, as numpy.ascontiguousarray gives it.',
  );
}

function readText(bytes: Uint8Array, kind: string, size: number, count: number): string[] {
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

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const result = bytes.slice();
  for (let from = 0; from + size <= result.length; from += size) {
    result.subarray(from, from + size).reverse();
  }
  return result;
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
