import { intAttribute } from '../../attributes';
import { axisOf, unknownDims, type Shape } from '../dims';
import { carriesData, dtypeOf, factOf, fact, shapeOf, type NodeView, type Rule } from '../fact';
import { axesOf } from './shaping';

/** Operators that bring one or more axes together into one value each. */

type Combine = (values: readonly number[]) => number;

function reduction(combine?: Combine): Rule {
  return (view) => {
    const source = view.inputs[0];
    if (!source) return [undefined];
    const axes = axesOf(view, 1);
    const keeps = intAttribute(view.node, 'keepdims', 1) === 1;
    const empty = axes === 'all' || axes?.length === 0;
    if (empty && intAttribute(view.node, 'noop_with_empty_axes', 0)) return [source];
    const shape = reducedShape(view, axes, keeps, source.shape);
    return [factOf(source.dtype, shape, combine && reducedData(view, combine, source.shape))];
  };
}

function reducedShape(
  view: NodeView,
  axes: readonly number[] | 'all' | undefined,
  keeps: boolean,
  source: Shape | undefined,
): Shape | undefined {
  if (axes === 'all' || axes?.length === 0) {
    return keeps ? source?.map(() => 1) : [];
  }
  if (!source) return undefined;
  if (!axes) return someReduced(view, source, keeps);
  const gone = new Set(axes.map((axis) => axisOf(axis, source.length)));
  return keeps
    ? source.map((dim, i) => (gone.has(i) ? 1 : dim))
    : source.filter((_, i) => !gone.has(i));
}

/** Axes that depend on data: any dimension may have become 1, or gone. */
function someReduced(view: NodeView, source: Shape, keeps: boolean): Shape | undefined {
  if (keeps) return source.map((dim) => (dim === 1 ? 1 : null));
  const count = shapeOf(view, 1)?.[0];
  // No axes at all may mean all of them.
  if (typeof count !== 'number' || count === 0 || count > source.length) return undefined;
  return unknownDims(source.length - count);
}

/** The value of a shape's product and the like: vectors only, of which all elements are known. */
function reducedData(view: NodeView, combine: Combine, source: Shape | undefined) {
  const whole = view.inputs[0];
  if (source?.length !== 1 || !whole || !carriesData(whole)) return undefined;
  const values = view.decode(whole)?.filter((value) => typeof value === 'number');
  return values && values.length > 0 && values.length === source[0] ? [combine(values)] : undefined;
}

const arg: Rule = (view) => {
  const source = shapeOf(view, 0);
  const axis = source && axisOf(intAttribute(view.node, 'axis', 0), source.length);
  if (!source || axis === undefined) return [fact('int64', undefined)];
  const keeps = intAttribute(view.node, 'keepdims', 1) === 1;
  return [fact('int64', without(source, axis, keeps))];
};

function without(source: Shape, axis: number, keeps: boolean): Shape {
  return keeps
    ? source.map((dim, i) => (i === axis ? 1 : dim))
    : source.filter((_, i) => i !== axis);
}

/** Pools the space of an image to one value a channel. */
const globalPool: Rule = (view) => {
  const source = shapeOf(view, 0);
  return [
    fact(
      dtypeOf(view, 0),
      source?.map((dim, i) => (i < 2 ? dim : 1)),
    ),
  ];
};

/** As `globalPool`, where the channels may come last. */
const globalPoolQuantized: Rule = (view) => {
  if (!intAttribute(view.node, 'channels_last', 0)) return globalPool(view);
  const source = shapeOf(view, 0);
  const last = (source?.length ?? 0) - 1;
  return [
    fact(
      dtypeOf(view, 0),
      source?.map((dim, i) => (i === 0 || i === last ? dim : 1)),
    ),
  ];
};

/** A loss over classes: one value, or one for each place where nothing is reduced. */
const loss: Rule = (view) => {
  const perPlace = view.node.attributes.get('reduction');
  const isNone = perPlace?.kind === 'string' && new TextDecoder().decode(perPlace.value) === 'none';
  const logProbabilities = fact(dtypeOf(view, 0), shapeOf(view, 0));
  return [fact(dtypeOf(view, 0), isNone ? shapeOf(view, 1) : []), logProbabilities];
};

const determinant: Rule = (view) => [fact(dtypeOf(view, 0), shapeOf(view, 0)?.slice(0, -2))];

const sum: Combine = (values) => values.reduce((a, b) => a + b, 0);
const product: Combine = (values) => values.reduce((a, b) => a * b, 1);
const none = reduction();

/** The rules of operators that bring axes together. */
export const reductionRules = {
  ReduceL1: none,
  ReduceL2: none,
  ReduceLogSum: none,
  ReduceLogSumExp: none,
  ReduceSumSquare: none,
  ReduceMean: none,
  ReduceMax: reduction((values) => Math.max(...values)),
  ReduceMin: reduction((values) => Math.min(...values)),
  ReduceProd: reduction(product),
  ReduceSum: reduction(sum),
  ArgMax: arg,
  ArgMin: arg,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  NegativeLogLikelihoodLoss: (view) => loss(view).slice(0, 1),
  SoftmaxCrossEntropyLoss: loss,
  Det: determinant,
  'com.microsoft.QLinearGlobalAveragePool': globalPoolQuantized,
  // Its other inputs are scales: axes come by attribute only.
  'com.microsoft.QLinearReduceMean': (view) => {
    const node = { ...view.node, inputs: view.node.inputs.slice(0, 1) };
    return none({ ...view, node, inputs: view.inputs.slice(0, 1) });
  },
} satisfies Record<string, Rule>;
