import { intAttribute, intsAttribute } from '../../onnx/attributes';
import type { Node } from '../../onnx/model';
import { stridesOf } from '../../onnx/shapes/elements';
import { fromFront } from './whole';

/** A dense float32 value. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What an operator makes of float32 constants; shapes first, so that values are only computed when they are written. */
export interface Evaluation {
  readonly shape: readonly number[];
  readonly compute: (inputs: readonly Value[]) => Float32Array;
}

/** Undefined where the node cannot be evaluated on inputs of these shapes. `integers` gives the elements of a small integer input. */
type Evaluate = (
  node: Node,
  shapes: readonly (readonly number[])[],
  integers: (input: number) => readonly number[] | undefined,
) => Evaluation | undefined;

/** Results are rounded to float32 once, as the runtime does: sums, products, quotients and roots are then the same to the last bit. */
const binary =
  (apply: (a: number, b: number) => number): Evaluate =>
  (_, [a = [], b = []]) => {
    const shape = broadcastNumbers(a, b);
    if (!shape) return undefined;
    const count = shape.reduce((product, size) => product * size, 1);
    return {
      shape,
      compute: ([x, y]) => {
        if (!x || !y) return new Float32Array(0);
        const [left, right] = [spread(x, shape), spread(y, shape)];
        return Float32Array.from({ length: count }, (__, i) => apply(left(i), right(i)));
      },
    };
  };

const unary =
  (apply: (value: number) => number): Evaluate =>
  (_, [shape = []]) => ({ shape, compute: ([x]) => (x?.data ?? new Float32Array(0)).map(apply) });

function broadcastNumbers(
  a: readonly number[],
  b: readonly number[],
): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const size = (shape: readonly number[], axis: number) => shape[axis - rank + shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) => Math.max(size(a, axis), size(b, axis)));
  const fits = shape.every((dim, axis) =>
    [a, b].every((each) => size(each, axis) === dim || size(each, axis) === 1),
  );
  return fits ? shape : undefined;
}

/** Reads a value as if it had the wider shape. */
function spread({ shape, data }: Value, wide: readonly number[]): (at: number) => number {
  const own = stridesOf(shape);
  const steps = stridesOf(wide);
  const offset = wide.length - shape.length;
  const axes = shape.flatMap((size, axis) =>
    size === 1 ? [] : [{ size, own: own[axis] ?? 1, step: steps[axis + offset] ?? 1 }],
  );
  return (at) => {
    let from = 0;
    for (const { size, own: stride, step } of axes) from += (Math.floor(at / step) % size) * stride;
    return data[from] ?? 0;
  };
}

const transpose: Evaluate = (node, [shape = []]) => {
  const perm = intsAttribute(node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
  const turned = perm.map((axis) => shape[axis] ?? 0);
  const strides = stridesOf(shape);
  const steps = stridesOf(turned);
  const axes = perm.map((axis, i) => ({
    ...{ size: turned[i] ?? 1, own: strides[axis] ?? 1, step: steps[i] ?? 1 },
  }));
  return {
    shape: turned,
    compute: ([x]) =>
      (x?.data ?? new Float32Array(0)).map((_, at, data) => {
        let from = 0;
        for (const { size, own, step } of axes) from += (Math.floor(at / step) % size) * own;
        return data[from] ?? 0;
      }),
  };
};

const viewed = (shape: readonly number[]): Evaluation => ({
  shape,
  compute: ([x]) => x?.data ?? new Float32Array(0),
});

const reshape: Evaluate = (node, [shape = []], integers) => {
  const target = integers(1);
  const copied = target?.map((size, axis) =>
    size === 0 && intAttribute(node, 'allowzero', 0) === 0 ? (shape[axis] ?? 0) : size,
  );
  if (!copied) return undefined;
  const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
  const known = product(copied.filter((size) => size >= 0));
  return viewed(copied.map((size) => (size < 0 ? product(shape) / known : size)));
};

const axesOf = (node: Node, integers: (input: number) => readonly number[] | undefined) =>
  intsAttribute(node, 'axes') ?? integers(1);

const unsqueeze: Evaluate = (node, [shape = []], integers) => {
  const axes = axesOf(node, integers);
  if (!axes) return undefined;
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => fromFront(axis, rank)));
  const rest = [...shape];
  return viewed(Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (rest.shift() ?? 1))));
};

const squeeze: Evaluate = (node, [shape = []], integers) => {
  const axes = axesOf(node, integers);
  if (!axes) return undefined;
  const gone = new Set(axes.map((axis) => fromFront(axis, shape.length)));
  return viewed(shape.filter((_, axis) => !gone.has(axis)));
};

/** Operators that can be computed once and for all on float32 constants. */
export const evaluations: Readonly<Record<string, Evaluate>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Neg: unary((value) => -value),
  Abs: unary(Math.abs),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((value) => 1 / value),
  Transpose: transpose,
  Reshape: reshape,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
};
