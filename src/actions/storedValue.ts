import { intAttribute, intsAttribute } from '../onnx/attributes';
import { producerOf, scopeOf, type Scope } from '../onnx/graph';
import type { Node, Tensor } from '../onnx/model';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { floatValues, tensorValues } from '../onnx/weights';
import { constantTensor } from '../structure/constants';
import { joined, type Laid, permuted, sliced } from '../tensor/layout';
import type { DType } from '../tensor/dtype';

/**
 * A value that the graph makes of stored floats by moving their elements: exporters reorder the gates of recurrent layers, and
 * transpose tied weights, in the graph.
 */
export interface StoredValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Initializers and Constant nodes that it is made of, and how: two values are one where both are equal. */
  readonly sources: readonly object[];
  readonly how: string;
  readonly read: (open: OpenExternal | undefined) => Float32Array;
}

/** Types a weight may be stored in to be made lighter. */
const floats: readonly DType[] = ['float32', 'float16', 'bfloat16', 'float64'];
/** Deeper than any exporter nests, and shallow enough for a cyclic graph to end. */
const deepest = 24;

/** The value of that name where it is seen from `scope`; undefined where it depends on inputs or is computed. */
export function storedValue(scope: Scope, name: string, depth = deepest): StoredValue | undefined {
  const owner = scopeOf(scope, name);
  if (!owner || depth === 0) return undefined;
  const node = producerOf(owner, name)?.node;
  if (!node) {
    const tensor = owner.initializers.get(name);
    return tensor && ofTensor(tensor, tensor);
  }
  if (node.op === 'Constant') {
    const tensor = constantTensor(node);
    return tensor && ofTensor(tensor, node);
  }
  if (node.domain !== '' || node.outputs.length !== 1) return undefined;
  const parts = operandsOf(node).map((input) => storedValue(owner, input, depth - 1));
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length && known.length > 0
    ? moves[node.op]?.({ node, scope: owner, parts: known })
    : undefined;
}

/** Whether two are one and the same value. */
export function isSame(a: StoredValue, b: StoredValue): boolean {
  return (
    a.how === b.how &&
    a.sources.length === b.sources.length &&
    a.sources.every((source, i) => source === b.sources[i])
  );
}

function ofTensor(tensor: Tensor, source: object): StoredValue | undefined {
  const { dtype, shape } = tensor;
  if (!floats.includes(dtype)) return undefined;
  const read = (open: OpenExternal | undefined) => floatValues(tensor, open);
  return { dtype, shape, sources: [source], how: '', read };
}

function operandsOf({ op, inputs }: Node): readonly string[] {
  return op === 'Concat' ? inputs : inputs.slice(0, 1);
}

interface Move {
  readonly node: Node;
  readonly scope: Scope;
  readonly parts: readonly StoredValue[];
}

const moves: Readonly<Record<string, (move: Move) => StoredValue | undefined>> = {
  Identity: ({ parts: [part] }) => part,
  Cast: ({ node, parts: [part] }) =>
    part && intAttribute(node, 'to') === 1 ? { ...part, dtype: 'float32' } : undefined,
  Unsqueeze: reshapedBy(({ shape }, axes) => {
    const rank = shape.length + axes.length;
    const at = new Set(axes.map((axis) => wrapped(axis, rank)));
    const rest = [...shape];
    return Array.from({ length: rank }, (_, axis) => (at.has(axis) ? 1 : (rest.shift() ?? 1)));
  }),
  Squeeze: reshapedBy(({ shape }, axes) => {
    const gone = new Set(axes.map((axis) => wrapped(axis, shape.length)));
    return shape.filter((size, axis) => !(axes.length === 0 ? size === 1 : gone.has(axis)));
  }),
  Transpose: ({ node, parts: [part] }) => {
    if (!part) return undefined;
    const order = intsAttribute(node, 'perm') ?? part.shape.map((_, i) => i).reverse();
    const shape = order.map((axis) => part.shape[axis] ?? 1);
    return moved(part, shape, `T${order.join(',')}`, (laid) => permuted(laid, order));
  },
  Concat: ({ node, parts }) => {
    const [first] = parts;
    if (!first) return undefined;
    const axis = wrapped(intAttribute(node, 'axis', 0), first.shape.length);
    const { shape } = joined(
      parts.map((part) => ({ shape: part.shape, values: new Float32Array() })),
      axis,
    );
    return {
      dtype: first.dtype,
      shape,
      how: `C${axis}(${parts.map((part) => part.how).join('|')})`,
      sources: parts.flatMap((part) => part.sources),
      read: (open) =>
        joined(
          parts.map((part) => laidOut(part, open)),
          axis,
        ).values,
    };
  },
  Slice: (move) => slicedValue(move),
};

function wrapped(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function laidOut(part: StoredValue, open: OpenExternal | undefined): Laid {
  return { shape: part.shape, values: part.read(open) };
}

function moved(
  part: StoredValue,
  shape: readonly number[],
  how: string,
  move: (laid: Laid) => Laid,
): StoredValue {
  const read = (open: OpenExternal | undefined) => move(laidOut(part, open)).values;
  return { ...part, shape, how: `${how}(${part.how})`, read };
}

/** Operators that only say in which shape the elements are to be seen. */
function reshapedBy(shapeOf: (part: StoredValue, axes: readonly number[]) => number[]) {
  return ({ node, scope, parts: [part] }: Move): StoredValue | undefined => {
    const axes = intsAttribute(node, 'axes') ?? integersAt(scope, node, 1);
    if (!part || !axes) return undefined;
    const shape = shapeOf(part, axes);
    return { ...part, shape, how: `R${shape.join(',')}(${part.how})` };
  };
}

function slicedValue({ node, scope, parts: [part] }: Move): StoredValue | undefined {
  const starts = intsAttribute(node, 'starts') ?? integersAt(scope, node, 1);
  const ends = intsAttribute(node, 'ends') ?? integersAt(scope, node, 2);
  const axes = intsAttribute(node, 'axes') ?? integersAt(scope, node, 3);
  const steps = integersAt(scope, node, 4);
  if (!part || !starts || !ends || !axes || !steps) return undefined;
  return starts.reduce<StoredValue | undefined>((value, from, i) => {
    const axis = wrapped(axes.length > 0 ? (axes[i] ?? 0) : i, part.shape.length);
    const step = steps[i] ?? 1;
    const size = part.shape[axis] ?? 0;
    if (!value || step < 1) return undefined;
    const start = Math.min(size, Math.max(0, wrapped(from, size)));
    const end = Math.min(size, Math.max(start, wrapped(ends[i] ?? size, size)));
    const count = Math.ceil((end - start) / step);
    const shape = value.shape.map((each, at) => (at === axis ? count : each));
    return moved(value, shape, `S${axis},${start},${count},${step}`, (laid) =>
      sliced(laid, { axis, start, count, step }),
    );
  }, part);
}

/** Stored integers at an input; none for an input that is left out, undefined for one that is computed or cannot be read. */
function integersAt(scope: Scope, node: Node, input: number): readonly number[] | undefined {
  const name = node.inputs[input] ?? '';
  if (name === '') return [];
  const owner = scopeOf(scope, name);
  const made = owner?.producers.get(name)?.node;
  const tensor = made ? constantTensor(made) : owner?.initializers.get(name);
  if (!tensor || tensor.data.kind === 'external') return undefined;
  return tensor.dtype === 'int64' || tensor.dtype === 'int32'
    ? Array.from(tensorValues(tensor), Number)
    : undefined;
}
