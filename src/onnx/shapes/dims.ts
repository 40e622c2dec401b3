import type { Dim } from '../model';

/** Dimensions of a tensor; `undefined` where not even the rank is known. */
export type Shape = readonly Dim[];

/** True where every dimension is a number. */
export function isNumeric(shape: Shape | undefined): shape is readonly number[] {
  return shape !== undefined && shape.every((dim) => typeof dim === 'number');
}

/** Number of elements, or undefined where a dimension is not a number. A dimension of 0 decides whatever the others are. */
export function countOf(shape: Shape | undefined): number | undefined {
  if (!shape) return undefined;
  let count: number | undefined = 1;
  for (const dim of shape) {
    if (dim === 0) return 0;
    count = typeof dim === 'number' && count !== undefined ? count * dim : undefined;
  }
  return count;
}

/** Arithmetic on dimensions keeps a symbol where nothing happens to it; otherwise the result is not known. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return a === 0 ? b : b === 0 ? a : null;
}

/** See `addDims`. */
export function subtractDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return b === 0 ? a : a !== null && a === b ? 0 : null;
}

/** See `addDims`. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  return a === 1 ? b : b === 1 ? a : a === 0 || b === 0 ? 0 : null;
}

/** The product of all dimensions, kept as a symbol where only one of them is not 1. */
export function productOf(shape: Shape): Dim {
  return shape.reduce<Dim>(multiplyDims, 1);
}

/** What two tensors say of the same dimension: a number before a symbol, a symbol before nothing. */
export function mergeDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return a ?? b;
}

/** What holds of a value that is one or the other: only what both agree on. Undefined where the ranks differ. */
export function commonShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || a.length !== b?.length) return undefined;
  return a.map((dim, i) => (dim === b[i] ? dim : null));
}

function broadcastDims(a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  // Beside a size above 1, whatever the other stands for must be that size or 1.
  if (typeof a === 'number') return typeof b === 'number' ? null : a;
  return typeof b === 'number' ? b : null;
}

/** Shape of elements combined one by one, as in NumPy. Undefined when a rank is not known. */
export function broadcast(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: Shape = [];
  for (const shape of shapes) {
    if (!shape) return undefined;
    result = broadcastTwo(result, shape);
  }
  return result;
}

function broadcastTwo(a: Shape, b: Shape): Shape {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const extra = long.length - short.length;
  return long.map((dim, i) => (i < extra ? dim : broadcastDims(dim, short[i - extra] ?? null)));
}

/** `total / part` where both are products of dimensions: equal symbols cancel. Null where it cannot be told. */
export function divideProducts(total: Shape, part: Shape): Dim {
  const left = [...total];
  let divisor = 1;
  for (const dim of part) {
    if (dim === null) return null;
    if (typeof dim === 'number') divisor *= dim;
    else if (!removeFirst(left, dim)) return null;
  }
  return divideBy(left, divisor);
}

function divideBy(dims: Shape, divisor: number): Dim {
  if (divisor === 0) return null;
  const count = countOf(dims);
  if (count !== undefined) return count % divisor === 0 ? count / divisor : null;
  const product = productOf(dims.map((dim) => (typeof dim === 'number' ? 1 : dim)));
  const numbers = dims.reduce<number>((n, dim) => (typeof dim === 'number' ? n * dim : n), 1);
  return numbers === divisor ? product : null;
}

function removeFirst(dims: Dim[], dim: Dim): boolean {
  const at = dims.indexOf(dim);
  if (at >= 0) dims.splice(at, 1);
  return at >= 0;
}

/** An axis counted from the front; undefined where it lies outside the rank. */
export function axisOf(axis: Dim | undefined, rank: number): number | undefined {
  if (typeof axis !== 'number') return undefined;
  const at = axis < 0 ? axis + rank : axis;
  return Number.isInteger(at) && at >= 0 && at < rank ? at : undefined;
}

/** A copy with one dimension put in another's place. */
export function withDim(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((old, i) => (i === axis ? dim : old));
}

/** A shape of which only the rank is known. */
export function unknownDims(rank: number): Shape {
  return Array.from({ length: rank }, () => null);
}
