import { intAttribute, stringAttribute } from '../onnx/attributes';
import { consumersOf, type NodeEntry } from '../onnx/graph';
import { countOf, type Shape } from '../onnx/shapes/dims';
import { parseEinsum } from '../onnx/shapes/einsum';
import { dtypeOf, shapeOf, type NodeView } from '../onnx/shapes/fact';
import { attentionSizes, linearAttentionSizes } from '../onnx/shapes/families/attention';
import { fusedOperand, productShape } from '../onnx/shapes/families/products';
import { isMisfit } from '../onnx/shapes/fit';
import { operatorKey } from '../onnx/shapes/operator';
import { ruleOf } from '../onnx/shapes/rules';
import type { Shapes } from '../onnx/shapes/shapes';
import { outputFacts, viewOf } from '../onnx/shapes/view';

/**
 * Multiply-adds of one run of a node, or why they are not known. What counts are the products of matrices, convolutions, attention
 * and recurrences; operators that work on elements one by one, or only move them, count 0.
 */
export type Macs = { readonly macs: number } | { readonly why: string };

/** A node whose inputs are known, with the shapes of its outputs. */
interface Site {
  readonly entry: NodeEntry;
  readonly view: NodeView;
  readonly outputs: readonly (Shape | undefined)[];
}

/** Undefined where a size is not known. */
type MacRule = (site: Site) => number | undefined;

/** The product of sizes, where all are known. */
function times(...counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce<number | undefined>(
    (product, count) =>
      product === undefined || count === undefined ? undefined : product * count,
    1,
  );
}

function plus(...counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce<number | undefined>(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  );
}

function sizeAt(shape: Shape | undefined, axis: number): number | undefined {
  const dim = shape?.at(axis);
  return typeof dim === 'number' ? dim : undefined;
}

/** Every element of A·B adds up as many products as A has columns. */
function productMacs(a: Shape | undefined, b: Shape | undefined, site: Site): number | undefined {
  const columns = sizeAt(a, -1) ?? sizeAt(b, (b?.length ?? 0) > 1 ? -2 : -1);
  if (columns === 1 && writesAngles(site.entry)) return 0;
  return times(countOf(productShape(a, b)), columns);
}

function product(a: number, b: number): MacRule {
  return (site) => productMacs(shapeOf(site.view, a), shapeOf(site.view, b), site);
}

const fusedMatMul: MacRule = (site) =>
  productMacs(fusedOperand(site.view, 0), fusedOperand(site.view, 1), site);

function gemm(a: number): MacRule {
  return ({ view, outputs }) => {
    const transposed = intAttribute(view.node, 'transA', 0) === 1;
    return times(countOf(outputs[0]), sizeAt(shapeOf(view, a), transposed ? 0 : 1));
  };
}

/** Weights packed in blocks; K is an attribute. */
const packedProduct: MacRule = ({ view, outputs }) =>
  times(countOf(outputs[0]), intAttribute(view.node, 'K'));

/** Every output element adds up one window over the channels of its group: what a filter [out, in / group, …] holds. */
function convolution(weight: number): MacRule {
  return ({ view, outputs }) =>
    times(countOf(outputs[0]), countOf(shapeOf(view, weight)?.slice(1)));
}

/** Every input element is spread over one window: what a filter [in, out / group, …] holds. */
const convTranspose: MacRule = ({ view }) =>
  times(countOf(shapeOf(view, 0)), countOf(shapeOf(view, 1)?.slice(1)));

/** Operands are combined from left to right; each step costs all indices that take part in it. */
const einsum: MacRule = ({ view }) => {
  const text = stringAttribute(view.node, 'equation', '');
  const shapes = view.inputs.map((input) => input?.shape);
  const equation = parseEinsum(
    text,
    shapes.map((shape) => shape?.length),
  );
  const [first, ...rest] = equation?.inputs ?? [];
  if (!equation || !first) return undefined;
  const sizes = labelSizes(equation.inputs, shapes);
  let left = new Set(first);
  let total: number | undefined = 0;
  rest.forEach((labels, i) => {
    const joint = new Set([...left, ...labels]);
    const later = new Set([...rest.slice(i + 1).flat(), ...equation.output]);
    const sums = [...joint].some((label) => !later.has(label));
    // Without a sum there is nothing to add up: the operands are multiplied one by one.
    if (sums) total = plus(total, times(...[...joint].map((label) => sizes.get(label))));
    left = new Set([...joint].filter((label) => later.has(label)));
  });
  return total;
};

/** Sizes of the indices; where the dots broadcast, a size of 1 gives way. */
function labelSizes(
  inputs: readonly (readonly string[])[],
  shapes: readonly (Shape | undefined)[],
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      const size = shapes[i]?.[axis];
      if (typeof size === 'number' && (sizes.get(label) ?? 1) === 1) sizes.set(label, size);
    });
  });
  return sizes;
}

/** Both weights of a recurrent layer are used once in every step of every example; padding is counted too. */
const recurrent: MacRule = ({ view }) => {
  const source = shapeOf(view, 0);
  if (source?.length !== 3) return undefined;
  const perStep = plus(countOf(shapeOf(view, 1)), countOf(shapeOf(view, 2)));
  return times(countOf(source.slice(0, 2)), perStep);
};

type AttentionOp = keyof typeof attentionSizes;

/** Scores and context: every query head against every key, masked ones too, as the kernels compute them. */
function attention(op: AttentionOp): MacRule {
  return ({ view }) => {
    const sizes = attentionSizes[op](view);
    if (!sizes) return undefined;
    const { batch, heads, queries, total, headSize, valueHeadSize } = sizes;
    const pairs = countOf([batch, heads, queries, total]);
    return times(pairs, plus(countOf([headSize]), countOf([valueHeadSize])));
  };
}

/** Attention that projects its input by weights [input, q + k + v] itself. */
function projectingAttention(op: AttentionOp): MacRule {
  return (site) => {
    const rows = countOf(shapeOf(site.view, 0)?.slice(0, 2));
    return plus(times(rows, countOf(shapeOf(site.view, 1))), attention(op)(site));
  };
}

/** Each token adds k·v to the state of every key head, takes v's old share out for the delta rules, and reads it by every query. */
const linearAttention: MacRule = ({ view }) => {
  const sizes = linearAttentionSizes(view);
  if (!sizes) return undefined;
  const { batch, heads, kvHeads, queries, headSize, valueHeadSize } = sizes;
  const delta = stringAttribute(view.node, 'update_rule', 'gated_delta').endsWith('delta');
  const uses = plus(times(countOf([kvHeads]), delta ? 2 : 1), countOf([heads]));
  return times(countOf([batch, queries]), uses, countOf([headSize, valueHeadSize]));
};

/** Every token goes through `k` experts; each holds its share [experts, …] of the weights at these inputs. */
function experts(weights: readonly number[], bits: (view: NodeView) => number): MacRule {
  return ({ view }) => {
    const tokens = countOf(shapeOf(view, 0)?.slice(0, -1));
    const each = weights
      .filter((at) => view.node.inputs[at])
      .map((at) => times(countOf(shapeOf(view, at)?.slice(1)), 8 / bits(view)));
    return times(tokens, intAttribute(view.node, 'k', 1), plus(...each));
  };
}

/** Linear models hold their weights in an attribute, all of which every row uses. */
function linearModel(attribute: string): MacRule {
  return ({ view }) => {
    const source = shapeOf(view, 0);
    const weights = view.node.attributes.get(attribute);
    if (weights?.kind !== 'floats' || !source) return undefined;
    return times(source.length === 1 ? 1 : sizeAt(source, 0), weights.value.length);
  };
}

const rules = {
  MatMul: product(0, 1),
  MatMulInteger: product(0, 1),
  QLinearMatMul: product(0, 3),
  Gemm: gemm(0),
  Einsum: einsum,
  Conv: convolution(1),
  ConvInteger: convolution(1),
  QLinearConv: convolution(3),
  DeformConv: convolution(1),
  ConvTranspose: convTranspose,
  CausalConvWithState: convolution(1),
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Attention: attention('Attention'),
  LinearAttention: linearAttention,
  'ai.onnx.preview.FlexAttention': attention('ai.onnx.preview.FlexAttention'),
  'ai.onnx.ml.LinearClassifier': linearModel('coefficients'),
  'ai.onnx.ml.LinearRegressor': linearModel('coefficients'),
  'ai.onnx.ml.SVMClassifier': linearModel('support_vectors'),
  'ai.onnx.ml.SVMRegressor': linearModel('support_vectors'),
  'com.microsoft.Attention': projectingAttention('com.microsoft.Attention'),
  'com.microsoft.QAttention': projectingAttention('com.microsoft.QAttention'),
  'com.microsoft.MultiHeadAttention': attention('com.microsoft.MultiHeadAttention'),
  'com.microsoft.DecoderMaskedMultiHeadAttention': attention(
    'com.microsoft.DecoderMaskedMultiHeadAttention',
  ),
  'com.microsoft.GroupQueryAttention': attention('com.microsoft.GroupQueryAttention'),
  'com.microsoft.LinearAttention': linearAttention,
  'com.microsoft.CausalConvWithState': convolution(1),
  'com.microsoft.FusedMatMul': fusedMatMul,
  'com.microsoft.FusedMatMulActivation': fusedMatMul,
  'com.microsoft.TransposeMatMul': fusedMatMul,
  'com.microsoft.FusedGemm': gemm(0),
  'com.microsoft.GemmFastGelu': product(0, 1),
  'com.microsoft.QGemm': gemm(0),
  'com.microsoft.MatMulNBits': packedProduct,
  'com.microsoft.MatMulBnb4': packedProduct,
  'com.microsoft.MatMulFpQ4': () => undefined,
  'com.microsoft.MatMulInteger16': product(0, 1),
  'com.microsoft.MatMulIntegerToFloat': product(0, 1),
  'com.microsoft.DynamicQuantizeMatMul': product(0, 1),
  'com.microsoft.QLinearMatMul': product(0, 3),
  'com.microsoft.SparseToDenseMatMul': product(0, 1),
  'com.microsoft.FusedConv': convolution(1),
  'com.microsoft.NhwcConv': convolution(1),
  'com.microsoft.NhwcFusedConv': convolution(1),
  'com.microsoft.QLinearConv': convolution(3),
  'com.microsoft.ConvTransposeWithDynamicPads': convTranspose,
  'com.microsoft.nchwc.Conv': convolution(1),
  'com.microsoft.DynamicQuantizeLSTM': recurrent,
  'com.microsoft.AttnLSTM': () => undefined,
  'com.microsoft.MoE': experts([2, 4, 6], () => 8),
  'com.microsoft.QMoE': experts([2, 5, 8], (view) =>
    dtypeOf(view, 2) === 'uint8' ? intAttribute(view.node, 'expert_weight_bits', 4) : 8,
  ),
} satisfies Record<string, MacRule>;

const table: ReadonlyMap<string, MacRule> = new Map<string, MacRule>(Object.entries(rules));

const none: Macs = { macs: 0 };

/** Multiply-adds of one run of this node alone; the nodes in its bodies are counted by themselves. */
export function nodeMacs(entry: NodeEntry, shapes: Shapes): Macs {
  const key = operatorKey(entry.node);
  const rule = table.get(key);
  if (!rule) return ruleOf(entry.node) ? none : { why: `The operator ${key} is not known.` };
  const macs = rule({
    entry,
    view: viewOf(entry, shapes),
    outputs: outputFacts(entry, shapes).map((fact) => fact?.shape),
  });
  return macs === undefined ? { why: whyUnknown(entry, shapes) } : { macs };
}

/** What keeps a node's sizes from being known. */
export function whyUnknown(entry: NodeEntry, shapes: Shapes): string {
  const unknown = entry.node.inputs.find(
    (name) => name && countOf(shapes.typeOf(entry.scope, name)?.shape) === undefined,
  );
  if (unknown !== undefined) return `The shape of its input ${unknown} is not known.`;
  return isMisfit(viewOf(entry, shapes), outputFacts(entry, shapes))
    ? 'Its inputs do not fit each other, or its window, at these sizes: the model will not run.'
    : 'Its sizes depend on the data.';
}

const passesAngles = new Set([
  'Transpose',
  'Concat',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Cast',
  'Identity',
  'Mul',
  'Expand',
]);

/**
 * Whether a product only writes down the angles of rotary positions: position times frequency, an outer product that adds nothing
 * up and goes into Cos and Sin. Profilers of the frameworks' own models do not see it, and it is no layer's arithmetic.
 */
function writesAngles(entry: NodeEntry): boolean {
  let at: readonly NodeEntry[] = [entry];
  for (let steps = 0; steps < 6 && at.length > 0 && at.length <= 8; steps++) {
    const readers = at.flatMap((each) =>
      each.node.outputs.flatMap((name) => consumersOf(each.scope, name)),
    );
    if (readers.some(({ node }) => node.op === 'Cos' || node.op === 'Sin')) return true;
    at = [...new Set(readers)].filter(({ node }) => passesAngles.has(node.op));
  }
  return false;
}
