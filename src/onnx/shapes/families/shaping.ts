import { intAttribute, intsAttribute, tensorAttribute } from '../../attributes';
import { dtypeOf as dtypeByCode } from '../../../tensor/dtype';
import {
  axisOf,
  countOf,
  divideProducts,
  isNumeric,
  productOf,
  unknownDims,
  withDim,
  type Shape,
} from '../dims';
import {
  dataOf,
  dtypeOf,
  fact,
  factOf,
  isGiven,
  maxElements,
  numbersOf,
  reshaped,
  scalarOf,
  shapeOf,
  type NodeView,
  type Rule,
} from '../fact';

/** Operators that read shapes, give a tensor another one, or make tensors of a given one. */

/** Axes from the attribute (older opsets) or the input; undefined where they depend on data, 'all' where none are given. */
export function axesOf(view: NodeView, input: number): readonly number[] | 'all' | undefined {
  const attribute = intsAttribute(view.node, 'axes');
  if (attribute) return attribute;
  return isGiven(view, input) ? numbersOf(view, input) : 'all';
}

const shape: Rule = (view) => {
  const source = shapeOf(view, 0);
  if (!source) return [fact('int64', [null])];
  const clamp = (at: number) =>
    Math.min(Math.max(at < 0 ? at + source.length : at, 0), source.length);
  const from = clamp(intAttribute(view.node, 'start', 0));
  const to = clamp(intAttribute(view.node, 'end', source.length));
  const data = source.slice(from, Math.max(from, to));
  return [factOf('int64', [data.length], data)];
};

const size: Rule = (view) => {
  const source = shapeOf(view, 0);
  return [factOf('int64', [], source && [countOf(source) ?? productOf(source)])];
};

/** The target of a reshape: from the input, or the attribute of opset 1. */
function targetOf(view: NodeView, input: number): Shape | undefined {
  return intsAttribute(view.node, 'shape') ?? dataOf(view, input) ?? rankFrom(view, input);
}

/** A shape of which only its length is known, from the length of the tensor that holds it. */
export function rankFrom(view: NodeView, input: number): Shape | undefined {
  const length = shapeOf(view, input)?.[0];
  return typeof length === 'number' && length <= 64 ? unknownDims(length) : undefined;
}

const reshape: Rule = (view) => {
  const target = targetOf(view, 1);
  const keepsZero = intAttribute(view.node, 'allowzero', 0) === 1;
  return [reshaped(view, 0, target && reshapedTo(shapeOf(view, 0), target, keepsZero))];
};

/** 0 copies a dimension, -1 is what remains. A single unknown dimension is what remains too. */
function reshapedTo(source: Shape | undefined, target: Shape, keepsZero: boolean): Shape {
  const copies = (i: number) => target[i] === 0 && !keepsZero;
  const result = target.map((dim, i) =>
    copies(i) ? (source?.[i] ?? null) : typeof dim === 'number' && dim < 0 ? null : dim,
  );
  if (!source) return result;
  const open = target.flatMap((dim, i) => (dim === null || dim === -1 ? [i] : []));
  if (open.length === 0) return fitted(source, result);
  if (open.length > 1) return result;
  // A dimension copied in place stands on both sides and cancels, known or not.
  const total = source.filter((_, i) => !copies(i));
  const others = result.filter((_, i) => i !== open[0] && !copies(i));
  return withDim(result, open[0] ?? 0, divideProducts(total, others));
}

/**
 * A target that was fixed when the model was exported does not hold as many elements at other sizes. If one dimension of it is to
 * blame, and what fits in its place is one of the source's own or a run of them together, that is what the exporter left out.
 */
function fitted(source: Shape, target: Shape): Shape {
  const [have, want] = [countOf(source), countOf(target)];
  if (have === undefined || want === undefined || have === want) return target;
  const candidates = target.flatMap((_, axis) => {
    const others = countOf(target.toSpliced(axis, 1)) ?? 0;
    return others > 0 && isRunOf(source, have / others)
      ? [withDim(target, axis, have / others)]
      : [];
  });
  const [only] = candidates;
  return only && candidates.length === 1 ? only : unknownDims(target.length);
}

function isRunOf(source: Shape, size: number): boolean {
  return source.some((_, from) =>
    source.some((__, to) => to >= from && countOf(source.slice(from, to + 1)) === size),
  );
}

const flatten: Rule = (view) => {
  const source = shapeOf(view, 0);
  if (!source) return [reshaped(view, 0, [null, null])];
  const axis = intAttribute(view.node, 'axis', 1);
  const at = axis < 0 ? axis + source.length : axis;
  const count = (part: Shape) => countOf(part) ?? productOf(part);
  return [reshaped(view, 0, [count(source.slice(0, at)), count(source.slice(at))])];
};

const squeeze: Rule = (view) => {
  const source = shapeOf(view, 0);
  const axes = axesOf(view, 1);
  if (!source || !axes) return [reshaped(view, 0, undefined)];
  if (axes === 'all') {
    // A dimension that is not known may or may not go.
    return [reshaped(view, 0, isNumeric(source) ? source.filter((dim) => dim !== 1) : undefined)];
  }
  const gone = new Set(axes.map((axis) => axisOf(axis, source.length)));
  const isWrong = source.some((dim, i) => gone.has(i) && typeof dim === 'number' && dim !== 1);
  if (isWrong) return [reshaped(view, 0, undefined)];
  return [
    reshaped(
      view,
      0,
      source.filter((_, i) => !gone.has(i)),
    ),
  ];
};

const unsqueeze: Rule = (view) => {
  const source = shapeOf(view, 0);
  const axes = axesOf(view, 1);
  if (!source || !axes || axes === 'all') return [reshaped(view, 0, undefined)];
  const rank = source.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(axis, rank)));
  const rest = [...source];
  const result = Array.from({ length: rank }, (_, i) =>
    added.has(i) ? 1 : (rest.shift() ?? null),
  );
  return [reshaped(view, 0, result)];
};

const identity: Rule = (view) => [view.inputs[0]];

const constantOfShape: Rule = (view) => {
  const value = tensorAttribute(view.node, 'value');
  const dtype = value?.dtype ?? 'float32';
  const fill = value ? view.decode({ dtype, shape: [1], tensor: value })?.[0] : 0;
  const result = dataOf(view, 0) ?? rankFrom(view, 0);
  const count = countOf(result);
  if (typeof fill !== 'number') return [fact(dtype, result)];
  const data =
    count !== undefined && count <= maxElements
      ? Array.from({ length: count }, () => fill)
      : undefined;
  const whole = factOf(dtype, result, data);
  return [whole && { ...whole, fill }];
};

const range: Rule = (view) => {
  const dtype = view.inputs.find((input) => input)?.dtype;
  const [start, limit, step] = [scalarOf(view, 0), scalarOf(view, 1), scalarOf(view, 2)];
  if (typeof limit === 'string') return [fact(dtype, [start === 0 && step === 1 ? limit : null])];
  if (typeof start !== 'number' || typeof limit !== 'number' || typeof step !== 'number' || !step) {
    return [fact(dtype, [null])];
  }
  const length = Math.max(0, Math.ceil((limit - start) / step));
  const data =
    length <= maxElements ? Array.from({ length }, (_, i) => start + i * step) : undefined;
  return [factOf(dtype, [length], data)];
};

const eyeLike: Rule = (view) => {
  const code = intAttribute(view.node, 'dtype');
  return [fact(code === undefined ? dtypeOf(view, 0) : dtypeByCode(code), shapeOf(view, 0))];
};

/** The rules of operators that read shapes or give them. */
export const shapingRules = {
  Shape: shape,
  Size: size,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Identity: identity,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  'com.microsoft.ExpandDims': (view) => {
    const source = shapeOf(view, 0);
    const axis = source && axisOf(scalarOf(view, 1), source.length + 1);
    const result = axis === undefined ? undefined : source?.toSpliced(axis, 0, 1);
    return [fact(dtypeOf(view, 0), result)];
  },
  'com.microsoft.Range': range,
} satisfies Record<string, Rule>;
