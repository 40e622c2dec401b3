import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import {
  addDims,
  axisOf,
  broadcast,
  countOf,
  divideProducts,
  isNumeric,
  mergeDims,
  multiplyDims,
  unknownDims,
  withDim,
  type Shape,
} from '../dims';
import { pick, spread, stridesOf } from '../elements';
import {
  carriesData,
  dataOf,
  dtypeOf,
  fact,
  factOf,
  isGiven,
  maxElements,
  shapeOf,
  type Fact,
  type NodeView,
  type Rule,
} from '../fact';
import { rankFrom } from './shaping';

/** Operators that rearrange elements, repeat them, or lay tensors end to end. */

const expand: Rule = (view) => {
  const source = view.inputs[0];
  const result = broadcast([source?.shape, dataOf(view, 1) ?? rankFrom(view, 1)]);
  if (!source) return [undefined];
  const small = isNumeric(result) && isNumeric(source.shape) && carriesData(source);
  const data = small ? view.decode(source) : undefined;
  const expanded =
    data && small && isNumeric(source.shape) && isNumeric(result)
      ? spread(data, source.shape, result)
      : undefined;
  const whole = factOf(source.dtype, result, expanded);
  const only = data?.length === 1 && typeof data[0] === 'number' ? data[0] : source.fill;
  return [whole && only !== undefined ? { ...whole, fill: only } : whole];
};

const transpose: Rule = (view) => {
  const source = view.inputs[0];
  if (!source?.shape) return [source && fact(source.dtype, undefined)];
  const rank = source.shape.length;
  const order =
    intsAttribute(view.node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const result = order.map((axis) => source.shape?.[axis] ?? null);
  return [factOf(source.dtype, result, transposed(view, source, order, result))];
};

function transposed(view: NodeView, source: Fact, order: readonly number[], result: Shape) {
  const data = carriesData(source) ? view.decode(source) : undefined;
  if (!data || !isNumeric(source.shape) || !isNumeric(result)) return undefined;
  const strides = stridesOf(source.shape);
  return pick(
    data,
    result,
    order.map((axis) => strides[axis] ?? 0),
  );
}

const tile: Rule = (view) => {
  const repeats = dataOf(view, 1) ?? rankFrom(view, 1);
  const source = shapeOf(view, 0) ?? (repeats && unknownDims(repeats.length));
  return [
    fact(
      dtypeOf(view, 0),
      source?.map((dim, i) => multiplyDims(dim, repeats?.[i] ?? null)),
    ),
  ];
};

const concat: Rule = (view) => {
  const given = view.inputs.filter((input) => input !== undefined);
  const dtype = given[0]?.dtype;
  const rank = given.find((input) => input.shape)?.shape?.length;
  const axis = rank === undefined ? undefined : axisOf(intAttribute(view.node, 'axis', 1), rank);
  if (rank === undefined || axis === undefined) return [fact(dtype, undefined)];
  const result = joined(
    view.inputs.map((input) => input?.shape ?? unknownDims(rank)),
    axis,
  );
  return [factOf(dtype, result, joinedData(view, result, axis))];
};

/** Shapes laid end to end along an axis; the other dimensions agree. */
export function joined(shapes: readonly Shape[], axis: number): Shape {
  return shapes.reduce((a, b) =>
    a.map((dim, i) => (i === axis ? addDims(dim, b[i] ?? null) : mergeDims(dim, b[i] ?? null))),
  );
}

/** Elements follow one another where nothing varies before the axis; pieces that are not known leave gaps. */
function joinedData(view: NodeView, result: Shape, axis: number): Dim[] | undefined {
  if (countOf(result.slice(0, axis)) !== 1 || (countOf(result) ?? maxElements + 1) > maxElements) {
    return undefined;
  }
  const pieces = view.inputs.map((input) => input && carriesData(input) && view.decode(input));
  if (!pieces.some((piece) => piece)) return undefined;
  const gaps = (i: number) => Math.min(countOf(view.inputs[i]?.shape) ?? Infinity, maxElements);
  return pieces.flatMap((piece, i) => piece || unknownDims(gaps(i)));
}

const split: Rule = (view) => {
  const outputs = view.node.outputs.length;
  const source = shapeOf(view, 0);
  const dtype = dtypeOf(view, 0);
  const axis = source && axisOf(intAttribute(view.node, 'axis', 0), source.length);
  if (!source || axis === undefined) return view.node.outputs.map(() => fact(dtype, undefined));
  const sizes = splitSizes(view, source[axis] ?? null, outputs);
  let from: Dim = 0;
  return view.node.outputs.map((_, i) => {
    const part = withDim(source, axis, sizes[i] ?? null);
    const piece = factOf(dtype, part, splitData(view, source, axis, part, from));
    from = addDims(from, sizes[i] ?? null);
    return piece;
  });
};

function splitSizes(view: NodeView, whole: Dim, parts: number): Shape {
  const given = intsAttribute(view.node, 'split');
  if (given) return given;
  if (isGiven(view, 1)) return dataOf(view, 1) ?? unknownDims(parts);
  const count = intAttribute(view.node, 'num_outputs', parts);
  if (typeof whole !== 'number') return unknownDims(parts).map(() => (count === 1 ? whole : null));
  const chunk = Math.ceil(whole / count);
  return unknownDims(parts).map((_, i) => Math.max(0, Math.min(chunk, whole - i * chunk)));
}

function splitData(view: NodeView, source: Shape, axis: number, part: Shape, from: Dim) {
  const whole = view.inputs[0];
  const data = whole && carriesData(whole) ? view.decode(whole) : undefined;
  if (!data || !isNumeric(source) || !isNumeric(part) || typeof from !== 'number') return undefined;
  const strides = stridesOf(source);
  return pick(data, part, strides, from * (strides[axis] ?? 0));
}

const depthToSpace: Rule = (view) => {
  const block = intAttribute(view.node, 'blocksize', 1);
  return [fact(dtypeOf(view, 0), blocked(shapeOf(view, 0), block, divideBy, multiplyDims))];
};

const spaceToDepth: Rule = (view) => {
  const block = intAttribute(view.node, 'blocksize', 1);
  return [fact(dtypeOf(view, 0), blocked(shapeOf(view, 0), block, multiplyDims, divideBy))];
};

type Scale = (dim: Dim, by: number) => Dim;
const divideBy: Scale = (dim, by) => divideProducts([dim], [by]);

function blocked(source: Shape | undefined, block: number, channels: Scale, space: Scale) {
  if (source?.length !== 4) return source ? undefined : unknownDims(4);
  const [batch = null, depth = null, height = null, width = null] = source;
  return [batch, channels(depth, block * block), space(height, block), space(width, block)];
}

const centerCropPad: Rule = (view) => {
  const source = shapeOf(view, 0);
  const target = dataOf(view, 1);
  if (!source) return [fact(dtypeOf(view, 0), undefined)];
  const axes = intsAttribute(view.node, 'axes') ?? source.map((_, i) => i);
  const sizes = new Map(axes.map((axis, i) => [axisOf(axis, source.length), target?.[i] ?? null]));
  const result = source.map((dim, i) => (sizes.has(i) ? (sizes.get(i) ?? null) : dim));
  return [fact(dtypeOf(view, 0), result)];
};

/** The rules of operators that move elements. */
export const movementRules = {
  Expand: expand,
  Transpose: transpose,
  Tile: tile,
  Concat: concat,
  Split: split,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  CenterCropPad: centerCropPad,
} satisfies Record<string, Rule>;
