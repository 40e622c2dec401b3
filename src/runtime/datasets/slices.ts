import type { RunTensor } from '../runner';

type Sliceable = ArrayLike<unknown> & {
  slice(from: number, to: number): Sliceable;
  subarray?(from: number, to: number): Sliceable;
  set?(values: Sliceable, at: number): void;
};

/** The part of a tensor from index `from` to before `to` along an axis. */
export function sliceAxis(tensor: RunTensor, axis: number, from: number, to: number): RunTensor {
  const size = tensor.shape[axis] ?? 1;
  if (from === 0 && to === size) return tensor;
  const inner = product(tensor.shape.slice(axis + 1));
  const outer = product(tensor.shape.slice(0, axis));
  const data = tensor.data as unknown as Sliceable;
  const shape = tensor.shape.with(axis, to - from);
  const pieces = Array.from({ length: outer }, (_, at) => {
    const start = (at * size + from) * inner;
    return data.slice(start, start + (to - from) * inner);
  });
  return { dtype: tensor.dtype, shape, data: joined(pieces) };
}

/** The parts of a tensor at these places along an axis, in their order. */
export function takeAxis(tensor: RunTensor, axis: number, places: readonly number[]): RunTensor {
  const [first = 0] = places;
  if (places.every((place, at) => place === first + at)) {
    return sliceAxis(tensor, axis, first, first + places.length);
  }
  const size = tensor.shape[axis] ?? 1;
  const inner = product(tensor.shape.slice(axis + 1));
  const outer = product(tensor.shape.slice(0, axis));
  const data = tensor.data as unknown as Sliceable;
  const pieces = Array.from({ length: outer }, (_, at) =>
    places.map((place) => {
      const start = (at * size + place) * inner;
      return data.slice(start, start + inner);
    }),
  ).flat();
  return { ...tensor, shape: tensor.shape.with(axis, places.length), data: joined(pieces) };
}

function joined(pieces: readonly Sliceable[]): RunTensor['data'] {
  const [first] = pieces;
  if (pieces.length === 1) return first as unknown as RunTensor['data'];
  if (Array.isArray(first)) return (pieces as unknown as string[][]).flat();
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const make = (first as object).constructor as new (size: number) => Sliceable;
  const whole = new make(total);
  let at = 0;
  for (const piece of pieces) {
    whole.set?.(piece, at);
    at += piece.length;
  }
  return whole as unknown as RunTensor['data'];
}

/** Element at a flat index as a number; NaN for text. */
export function numberAt(tensor: RunTensor, index: number): number {
  const value = (tensor.data as unknown as ArrayLike<unknown>)[index];
  return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : NaN;
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
