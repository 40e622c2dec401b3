import type { DType } from '../../tensor/dtype';
import type { Dim } from '../model';
import { broadcast, countOf, isNumeric } from './dims';
import { carriesData, factOf, maxElements, type Fact, type NodeView } from './fact';

/** Steps in memory from one element to the next along each axis, in row-major order. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis] ?? 1, axis--) {
    strides[axis] = step;
  }
  return strides;
}

/**
 * Elements of a view of `data`: slices, transposes and broadcasts differ only in shape, strides and offset.
 * Undefined where the view has too many elements to be a shape.
 */
export function pick(
  data: readonly Dim[],
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Dim[] | undefined {
  const count = countOf(shape) ?? 0;
  if (count > maxElements) return undefined;
  const result: Dim[] = [];
  const visit = (axis: number, place: number) => {
    if (axis === shape.length) result.push(data[place] ?? null);
    else
      for (let i = 0; i < (shape[axis] ?? 0); i++)
        visit(axis + 1, place + i * (strides[axis] ?? 0));
  };
  if (count > 0) visit(0, offset);
  return result;
}

/** Elements repeated so that they fill a larger shape, as broadcasting does. */
export function spread(
  data: readonly Dim[],
  from: readonly number[],
  to: readonly number[],
): readonly Dim[] | undefined {
  if (from.length === to.length && from.every((size, i) => size === to[i])) return data;
  const own = stridesOf(from);
  const extra = to.length - from.length;
  const strides = to.map((_, i) => (from[i - extra] === 1 ? 0 : (own[i - extra] ?? 0)));
  return pick(data, to, strides);
}

/** The inputs combined element by element; elements are computed where all inputs are small and known. */
export function combine(
  view: NodeView,
  dtype: DType | undefined,
  evaluate?: (values: readonly Dim[]) => Dim,
): Fact | undefined {
  const shape = broadcast(view.inputs.map((input) => input?.shape));
  const count = countOf(shape);
  if (!evaluate || !isNumeric(shape) || count === undefined || count > maxElements) {
    return factOf(dtype, shape, undefined);
  }
  const columns = columnsOf(view, shape);
  const data =
    columns &&
    Array.from({ length: count }, (_, i) => evaluate(columns.map((column) => column[i] ?? null)));
  return factOf(dtype, shape, data);
}

function columnsOf(view: NodeView, shape: readonly number[]): (readonly Dim[])[] | undefined {
  if (!view.inputs.every((input) => input && carriesData(input))) return undefined;
  const columns: (readonly Dim[])[] = [];
  for (const input of view.inputs) {
    const data = input && view.decode(input);
    const column = data && isNumeric(input.shape) && spread(data, input.shape, shape);
    if (!column) return undefined;
    columns.push(column);
  }
  return columns;
}
