import type { NodeEntry } from '../onnx/graph';
import type { Shape } from '../onnx/shapes/dims';
import type { NodeView } from '../onnx/shapes/fact';

/** A node whose inputs are known, with the shapes of its outputs. */
export interface Site {
  readonly entry: NodeEntry;
  readonly view: NodeView;
  readonly outputs: readonly (Shape | undefined)[];
}

/** Undefined where a size is not known. */
export type MacRule = (site: Site) => number | undefined;

/** The product of sizes, where all are known. */
export function times(...counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce<number | undefined>(
    (product, count) =>
      product === undefined || count === undefined ? undefined : product * count,
    1,
  );
}

/** The sum, where every part of it is known. */
export function sum(parts: readonly (number | undefined)[]): number | undefined {
  let total = 0;
  for (const part of parts) {
    if (part === undefined) return undefined;
    total += part;
  }
  return total;
}

/** See `sum`. */
export const plus = (...parts: readonly (number | undefined)[]): number | undefined => sum(parts);

/** One size of a shape; negative axes count from the back. */
export function sizeAt(shape: Shape | undefined, axis: number): number | undefined {
  const dim = shape?.at(axis);
  return typeof dim === 'number' ? dim : undefined;
}
