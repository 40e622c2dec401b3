/** Moving the elements of tensors stored row by row; nothing is computed. */

/** A tensor's elements, `[...shape]` flattened row by row. */
export interface Laid {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** How many elements to step over for one step along each axis. */
function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/** Element `[i, j, …]` of the result is the one at `from + i · steps[0] + j · steps[1] + …`. */
function picked(
  values: Float32Array,
  shape: readonly number[],
  from: number,
  steps: readonly number[],
): Float32Array {
  const result = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const place = shape.map(() => 0);
  let source = from;
  for (let i = 0; i < result.length; i++) {
    result[i] = values[source] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = (place[axis] ?? 0) + 1;
      source += steps[axis] ?? 0;
      place[axis] = at;
      if (at < (shape[axis] ?? 1)) break;
      source -= at * (steps[axis] ?? 0);
      place[axis] = 0;
    }
  }
  return result;
}

/** Axis `i` of the result is axis `order[i]` of the tensor. */
export function permuted({ shape, values }: Laid, order: readonly number[]): Laid {
  const strides = stridesOf(shape);
  const turned = order.map((axis) => shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 1);
  return { shape: turned, values: picked(values, turned, 0, steps) };
}

export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** Elements `start`, `start + step`, … of one axis. */
export function sliced({ shape, values }: Laid, { axis, start, count, step }: Cut): Laid {
  const strides = stridesOf(shape);
  const cut = shape.map((size, at) => (at === axis ? count : size));
  const steps = strides.map((stride, at) => (at === axis ? stride * step : stride));
  return { shape: cut, values: picked(values, cut, start * (strides[axis] ?? 1), steps) };
}

/** Tensors of equal shape but for `axis`, one after the other along it. */
export function joined(parts: readonly Laid[], axis: number): Laid {
  const [first] = parts;
  const shape = (first?.shape ?? []).map((size, at) =>
    at === axis ? parts.reduce((sum, part) => sum + (part.shape[at] ?? 0), 0) : size,
  );
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let to = 0;
  for (let row = 0; row < outer; row++) {
    for (const part of parts) {
      const length = part.values.length / outer;
      values.set(part.values.subarray(row * length, (row + 1) * length), to);
      to += length;
    }
  }
  return { shape, values };
}
