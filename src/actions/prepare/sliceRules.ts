import { intAttribute, intsAttribute } from '../../onnx/attributes';
import type { NodeEntry } from '../../onnx/graph';
import type { Dim } from '../../onnx/model';
import { axisOf } from '../../onnx/shapes/dims';
import { operatorKey } from '../../onnx/shapes/operator';
import type { Shapes } from '../../onnx/shapes/shapes';
import { axisAttribute, fromFront } from './whole';

/** A slice of an input that a slice of the output needs. */
export interface Demand {
  readonly input: number;
  readonly axis: number;
}

/** The shapes around a node, as far as they hold for every input of the model. */
interface Around {
  readonly entry: NodeEntry;
  readonly output: readonly Dim[];
  /** Of the input at this position; undefined where it is not known. */
  readonly shape: (input: number) => readonly Dim[] | undefined;
  readonly integers: (input: number) => readonly number[] | undefined;
}

/** What slices of its inputs make the slice of a node's output along `axis`; undefined where it cannot be made of slices. */
type SliceRule = (around: Around, axis: number) => readonly Demand[] | undefined;

/** Inputs that broadcast into the output: those of size 1 along the axis stay whole. */
function broadcasting(
  { output, shape }: Around,
  axis: number,
  inputs: readonly number[],
): readonly Demand[] | undefined {
  const demands: Demand[] = [];
  for (const input of inputs) {
    const own = shape(input);
    if (!own) return undefined;
    const at = axis - (output.length - own.length);
    if (at < 0 || own[at] === 1) continue;
    if (own[at] !== output[axis]) return undefined;
    demands.push({ input, axis: at });
  }
  return demands;
}

const elementwise: SliceRule = (around, axis) => {
  const given = around.entry.node.inputs.flatMap((name, i) => (name ? [i] : []));
  return broadcasting(around, axis, given);
};

/** One input decides the shape; the others are settings. */
const firstOnly: SliceRule = (_, axis) => [{ input: 0, axis }];

/** Normalises over the axes from `axis` on, each place before them by itself. */
const normalizing: SliceRule = ({ entry: { node }, output }, axis) =>
  axis < axisAttribute(node, -1, output.length) ? [{ input: 0, axis }] : undefined;

const skipNormalizing: SliceRule = ({ output, shape }, axis) =>
  axis < output.length - 1 && shape(0)?.length === shape(1)?.length
    ? [0, 1].map((input) => ({ input, axis }))
    : undefined;

const softmax: SliceRule = ({ entry: { node }, output }, axis) =>
  axis === axisAttribute(node, -1, output.length) ? undefined : [{ input: 0, axis }];

const reducing: SliceRule = ({ entry: { node }, shape, integers }, axis) => {
  const rank = shape(0)?.length ?? 0;
  const axes = intsAttribute(node, 'axes') ?? integers(1);
  if (!axes || intAttribute(node, 'keepdims', 1) !== 1) return undefined;
  return axes.some((each) => fromFront(each, rank) === axis) ? undefined : [{ input: 0, axis }];
};

const product: SliceRule = (around, axis) => {
  const { output, shape } = around;
  const [left, right] = [shape(0), shape(1)];
  if (!left || !right || left.length < 2 || right.length < 2 || axis === output.length - 1) {
    return undefined;
  }
  if (axis === output.length - 2) return [{ input: 0, axis: left.length - 2 }];
  return broadcasting(around, axis, [0, 1]);
};

const gemm: SliceRule = ({ entry: { node }, shape }, axis) => {
  const bias = node.inputs[2] ? shape(2) : [];
  const isRow = bias !== undefined && (bias.length < 2 || bias[0] === 1);
  return axis === 0 && isRow && intAttribute(node, 'transA', 0) === 0
    ? [{ input: 0, axis: 0 }]
    : undefined;
};

const transpose: SliceRule = ({ entry: { node }, output }, axis) => {
  const perm = intsAttribute(node, 'perm') ?? output.map((_, i) => output.length - 1 - i);
  const from = axisOf(perm[axis], output.length);
  return from === undefined ? undefined : [{ input: 0, axis: from }];
};

/** Where all axes up to this one stay as they are. */
const reshape: SliceRule = ({ output, shape, integers }, axis) => {
  const source = shape(0);
  const keeps = source && output.slice(0, axis + 1).every((dim, i) => dim === source[i]);
  return keeps && integers(1) ? [{ input: 0, axis }] : undefined;
};

const all = (ops: readonly string[], rule: SliceRule) => ops.map((op) => [op, rule] as const);

const rules = new Map<string, SliceRule>([
  ...all(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Where', 'Sum', 'Max', 'Min'], elementwise),
  ...all(['And', 'Or', 'Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual'], elementwise),
  ...all(['Erf', 'Tanh', 'Relu', 'Sigmoid', 'Sqrt', 'Exp', 'Neg', 'Abs', 'Reciprocal'], firstOnly),
  ...all(['Gelu', 'HardSwish', 'Softplus', 'Elu', 'LeakyRelu', 'Cast', 'Identity'], firstOnly),
  ...all(['com.microsoft.Gelu', 'com.microsoft.QuickGelu'], firstOnly),
  ...all(['com.microsoft.BiasGelu', 'com.microsoft.FastGelu'], elementwise),
  ...all(['LayerNormalization', 'RMSNormalization'], normalizing),
  ...all(['com.microsoft.SkipLayerNormalization'], skipNormalizing),
  ...all(['Softmax', 'LogSoftmax'], softmax),
  ...all(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin'], reducing),
  ...all(['MatMul'], product),
  ...all(['Gemm'], gemm),
  ...all(['Transpose'], transpose),
  ...all(['Reshape'], reshape),
]);

/** See `SliceRule`; undefined also for operators that nothing is known of, and for nodes of several outputs. */
export function demandsOf(
  entry: NodeEntry,
  shapes: Shapes,
  axis: number,
): readonly Demand[] | undefined {
  const { node, scope } = entry;
  const output = shapes.typeOf(scope, node.outputs[0] ?? '')?.shape;
  const rule = rules.get(operatorKey(node));
  if (!rule || !output || node.outputs.length !== 1) return undefined;
  const around: Around = {
    entry,
    output,
    shape: (input) => shapes.typeOf(scope, node.inputs[input] ?? '')?.shape,
    integers: (input) => shapes.constantOf(scope, node.inputs[input] ?? ''),
  };
  return rule(around, axis);
}
