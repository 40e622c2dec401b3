import { isUserError } from '../base/errors';
import { elementCount, type Tensor } from '../onnx/model';
import { tensorRange } from '../onnx/weights';
import { decodeElements } from '../tensor/decode';
import { byteLength, dtypes } from '../tensor/dtype';
import type { Bench } from './drafts';

/** The most elements of a tensor that recognising ever looks at. */
const limit = 4096;

type Read = (start: number, count: number) => ArrayLike<number | bigint>;

/** Reads elements of a tensor by their position; undefined where its file is not there or it holds none that can be read. */
function reader(bench: Bench, tensor: Tensor): Read | undefined {
  if (dtypes[tensor.dtype].bits < 8) return undefined;
  try {
    const range = tensorRange(tensor, bench.open);
    return (start, count) => {
      const at = range.offset + byteLength(tensor.dtype, start);
      return decodeElements(
        tensor.dtype,
        range.source.read(at, byteLength(tensor.dtype, count)),
        count,
      );
    };
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
}

function firstElements(bench: Bench, tensor: Tensor): number[] | undefined {
  const read = reader(bench, tensor);
  const count = Math.min(limit, elementCount(tensor.shape));
  return read && attempt(() => Array.from(read(0, count), Number));
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
}

/** The one element of a tensor; undefined for more, or where it cannot be read. */
export function onlyElement(bench: Bench, tensor: Tensor): number | undefined {
  return elementCount(tensor.shape) === 1 ? firstElements(bench, tensor)?.[0] : undefined;
}

/** Whether a tensor only hides and shows: zero, or one very negative number. Unknown contents are taken for learnt. */
export function isMask(bench: Bench, tensor: Tensor): boolean {
  const values = firstElements(bench, tensor);
  if (!values) return false;
  const kinds = new Set(values);
  return (
    kinds.size <= 2 && [...kinds].every((value) => value === 0 || value === 1 || value <= -100)
  );
}

/** Whether every element that is looked at is this number. */
export const isAll = (bench: Bench, tensor: Tensor, value: number): boolean =>
  firstElements(bench, tensor)?.every((each) => each === value) ?? false;

/** Whether every pair of numbers in a row is a sine and a cosine of one angle, side by side or half a row apart. */
export function isSinusoid(bench: Bench, tensor: Tensor): boolean {
  const width = tensor.shape.at(-1) ?? 0;
  const values = width >= 4 && width % 2 === 0 ? firstElements(bench, tensor) : undefined;
  const rows = Math.floor((values?.length ?? 0) / width);
  const paired = (apart: number) =>
    Array.from({ length: rows * (width / 2) }, (_, i) => {
      const [row, pair] = [Math.floor(i / (width / 2)), i % (width / 2)];
      const at = row * width + (apart === 1 ? 2 * pair : pair);
      return (values?.[at] ?? 0) ** 2 + (values?.[at + apart] ?? 0) ** 2;
      // The row of a padding token is zero.
    }).every((sum) => sum === 0 || Math.abs(sum - 1) < 1e-3);
  return rows > 1 && !isAll(bench, tensor, 0) && (paired(1) || paired(width / 2));
}

/** Whether each row goes up or down by even steps: distances times a slope (ALiBi). */
export function isRamp(bench: Bench, tensor: Tensor): boolean {
  const width = tensor.shape.at(-1) ?? 0;
  const values = width >= 3 ? firstElements(bench, tensor) : undefined;
  const rows = Math.floor((values?.length ?? 0) / width);
  if (!values || rows === 0) return false;
  return Array.from({ length: rows }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  ).every(([first = 0, second = 0, ...rest]) => {
    const by = second - first;
    return (
      by !== 0 &&
      rest.every((value, i) => Math.abs(value - first - by * (i + 2)) < 1e-3 * Math.abs(by))
    );
  });
}

/** How many different numbers a tensor holds; undefined where it cannot be read, or is too large to look. */
export function distinctValues(bench: Bench, tensor: Tensor): number | undefined {
  const count = elementCount(tensor.shape);
  const read = count <= 1 << 20 ? reader(bench, tensor) : undefined;
  return read && attempt(() => new Set(Array.from(read(0, count), Number)).size);
}

/** Whether the last two sides are equal and everything above their diagonal differs from everything on and below it. */
export function isTriangular(bench: Bench, tensor: Tensor): boolean {
  const [rows = 0, columns = 0] = tensor.shape.slice(-2);
  if (tensor.shape.length < 2 || rows !== columns || rows < 2) return false;
  const read = reader(bench, tensor);
  const side = Math.min(rows, 32);
  return (
    attempt(() => {
      const lines = Array.from({ length: read ? side : 0 }, (_, row) =>
        Array.from(read?.(row * columns, side) ?? [], Number),
      );
      const [shown, hidden] = [lines[0]?.[0], lines[0]?.[1]];
      return (
        shown !== hidden &&
        lines.length > 0 &&
        lines.every((line, row) =>
          line.every((value, column) => value === (column <= row ? shown : hidden)),
        )
      );
    }) ?? false
  );
}

/** Numbers from all over a matrix that are the same for its transpose: elements of the diagonal. */
export function fingerprint(bench: Bench, tensor: Tensor): string | undefined {
  const [rows = 0, columns = 0] = tensor.shape;
  const read = tensor.shape.length === 2 ? reader(bench, tensor) : undefined;
  const last = Math.min(rows, columns) - 1;
  if (!read || last < 1) return undefined;
  const places = [...new Set([0, 1, Math.floor(last / 2), last])];
  const values = attempt(() => places.map((at) => Number(read(at * columns + at, 1)[0])));
  // Equal numbers everywhere are a fresh weight's, not a copy's.
  return values && new Set(values).size > 1 ? values.join(' ') : undefined;
}

/** Whether two matrices hold the same elements, one possibly transposed: all of small ones, 64 places of larger ones. */
export function holdSame(bench: Bench, a: Tensor, b: Tensor): boolean {
  const [rows = 0, columns = 0] = a.shape;
  const equal = b.shape[0] === rows && b.shape[1] === columns;
  const turned = b.shape[0] === columns && b.shape[1] === rows;
  const compare = () => {
    const [one, other] = [elementAt(bench, a), elementAt(bench, b)];
    if (!one || !other) return false;
    const same = (transposed: boolean) =>
      places(rows, columns).every(([row, column]) => {
        const there = transposed ? column * rows + row : row * columns + column;
        return one(row * columns + column) === other(there);
      });
    return (equal && same(false)) || (turned && same(true));
  };
  return attempt(compare) ?? false;
}

/** Gives elements by their position; a small matrix is read at once, as element by element two of them take turns at the file's window. */
function elementAt(bench: Bench, tensor: Tensor): ((at: number) => number) | undefined {
  const read = reader(bench, tensor);
  const count = elementCount(tensor.shape);
  if (!read || count > limit) return read && ((at) => Number(read(at, 1)[0]));
  const all = read(0, count);
  return (at) => Number(all[at]);
}

/** Places spread over a matrix, the same ones each time. */
function places(rows: number, columns: number): [number, number][] {
  if (rows * columns <= limit) {
    return Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns]);
  }
  return Array.from({ length: 64 }, (_, i) => [(i * 7919 + 1) % rows, (i * 104729 + 2) % columns]);
}
