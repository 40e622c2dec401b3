import { dtypeOf as dtypeByCode } from '../../../tensor/dtype';
import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { addDims, divideProducts, multiplyDims, type Shape } from '../dims';
import { dtypeOf, fact, scalarOf, shapeOf, type NodeView, type Rule } from '../fact';
import { same } from './elementwise';

/** Attention operators: what they compute over, and the shapes that follow from it. */

/** Sizes of one attention; queries [batch, heads, queries, headSize], keys [batch, kvHeads, total, headSize]. */
export interface AttentionSizes {
  readonly batch: Dim;
  readonly heads: Dim;
  readonly kvHeads: Dim;
  readonly queries: Dim;
  /** Keys in all, those of the past included. */
  readonly total: Dim;
  readonly headSize: Dim;
  readonly valueHeadSize: Dim;
}

type SizesRule = (view: NodeView) => AttentionSizes | undefined;

const ratio = (whole: Dim | undefined, by: Dim | undefined): Dim =>
  divideProducts([whole ?? null], [by ?? null]);

/** Length of the past that a cache [batch, heads, past, size] holds; 0 without one. */
function pastLength(view: NodeView, input: number): Dim {
  if (!view.node.inputs[input]) return 0;
  return shapeOf(view, input)?.[2] ?? null;
}

/** Opset 23: 4-D inputs by head, or 3-D ones with the number of heads in attributes. */
const standard: SizesRule = (view) => {
  const [q, k, v] = [shapeOf(view, 0), shapeOf(view, 1), shapeOf(view, 2)];
  if (!q || !k) return undefined;
  const byHead = q.length === 4;
  const heads = byHead ? (q[1] ?? null) : (intAttribute(view.node, 'q_num_heads') ?? null);
  const kvHeads = byHead ? (k[1] ?? null) : (intAttribute(view.node, 'kv_num_heads') ?? null);
  const keys = (byHead ? k[2] : k[1]) ?? null;
  return {
    batch: q[0] ?? null,
    heads,
    kvHeads,
    queries: (byHead ? q[2] : q[1]) ?? null,
    total: addDims(pastLength(view, 4), keys),
    headSize: byHead ? (q[3] ?? null) : ratio(q[2], heads),
    valueHeadSize: byHead ? (v?.[3] ?? null) : ratio(v?.[2], kvHeads),
  };
};

/** com.microsoft Attention: projects its input by packed weights [input, q + k + v] first. */
function packedProjection(pastAt: number, lengthAt: number): SizesRule {
  return (view) => {
    const source = shapeOf(view, 0);
    if (!source) return undefined;
    const heads = intAttribute(view.node, 'num_heads') ?? null;
    const sizes = intsAttribute(view.node, 'qkv_hidden_sizes');
    const third = ratio(shapeOf(view, 1)?.[1], 3);
    const past = view.node.inputs[pastAt] ? (shapeOf(view, pastAt)?.[3] ?? null) : 0;
    const shared = intAttribute(view.node, 'past_present_share_buffer', 0) === 1;
    return {
      batch: source[0] ?? null,
      heads,
      kvHeads: heads,
      queries: source[1] ?? null,
      total: addDims(shared ? (scalarOf(view, lengthAt) ?? null) : past, source[1] ?? null),
      headSize: ratio(sizes?.[0] ?? third, heads),
      valueHeadSize: ratio(sizes?.[2] ?? third, heads),
    };
  };
}

/** Queries [batch, length, hidden], or packed with keys and values [batch, length, heads, 3, size]. */
const multiHead: SizesRule = (view) => {
  const [q, k, v] = [shapeOf(view, 0), shapeOf(view, 1), shapeOf(view, 2)];
  if (!q) return undefined;
  const heads = intAttribute(view.node, 'num_heads') ?? null;
  const packed = q.length === 5;
  const headSize = packed ? (q[4] ?? null) : ratio(q[2], heads);
  const keys = packed ? q[1] : k?.length === 4 ? k[2] : k?.[1];
  return {
    batch: q[0] ?? null,
    heads,
    kvHeads: heads,
    queries: q[1] ?? null,
    total: addDims(pastLength(view, 6), keys ?? null),
    headSize,
    valueHeadSize: v ? (v.length === 4 ? (v[3] ?? null) : ratio(v[2], heads)) : headSize,
  };
};

/** Grouped queries; without keys the first input holds all three. The total length comes as a number beside them. */
const grouped: SizesRule = (view) => {
  const q = shapeOf(view, 0);
  if (!q) return undefined;
  const heads = intAttribute(view.node, 'num_heads') ?? null;
  const kvHeads = intAttribute(view.node, 'kv_num_heads') ?? null;
  const packed = !view.node.inputs[1];
  const width = packed ? addDims(heads, multiplyDims(2, kvHeads)) : heads;
  const past = pastLength(view, 3);
  const headSize = ratio(q[2], width);
  return {
    batch: q[0] ?? null,
    heads,
    kvHeads,
    queries: q[1] ?? null,
    total: scalarOf(view, 6) ?? (past === 0 ? (q[1] ?? null) : null),
    headSize,
    valueHeadSize: headSize,
  };
};

/** One new token at a time. */
const decoderMasked: SizesRule = multiHead;

/** No keys are compared with queries here: each key head carries a state [key size, value size]. */
const linear: SizesRule = (view) => {
  const [q, v] = [shapeOf(view, 0), shapeOf(view, 2)];
  if (!q) return undefined;
  const heads = intAttribute(view.node, 'q_num_heads') ?? null;
  const kvHeads = intAttribute(view.node, 'kv_num_heads') ?? null;
  return {
    batch: q[0] ?? null,
    heads,
    kvHeads,
    queries: q[1] ?? null,
    total: q[1] ?? null,
    headSize: ratio(q[2], heads),
    valueHeadSize: ratio(v?.[2], kvHeads),
  };
};

/** Op → how its sizes are read. Costs are counted from the same table. */
export const attentionSizes = {
  Attention: standard,
  'ai.onnx.preview.FlexAttention': standard,
  'com.microsoft.Attention': packedProjection(4, 6),
  'com.microsoft.DecoderMaskedSelfAttention': packedProjection(4, 6),
  'com.microsoft.QAttention': packedProjection(8, -1),
  'com.microsoft.MultiHeadAttention': multiHead,
  'com.microsoft.DecoderMaskedMultiHeadAttention': decoderMasked,
  'com.microsoft.GroupQueryAttention': grouped,
} satisfies Record<string, SizesRule>;

/** Sizes of LinearAttention, whose state takes the place of keys. */
export const linearAttentionSizes: SizesRule = linear;

const heads4 = (s: AttentionSizes, length: Dim, size: Dim): Shape => [
  s.batch,
  s.kvHeads,
  length,
  size,
];

const standardRule: Rule = (view) => {
  const sizes = standard(view);
  const rank = shapeOf(view, 0)?.length;
  if (!sizes || !rank) return [fact(dtypeOf(view, 0), undefined)];
  const { batch, heads, queries, total, headSize, valueHeadSize } = sizes;
  const output =
    rank === 4
      ? [batch, heads, queries, valueHeadSize]
      : [batch, queries, multiplyDims(heads, valueHeadSize)];
  return [
    fact(dtypeOf(view, 0), output),
    fact(dtypeOf(view, 1), heads4(sizes, total, headSize)),
    fact(dtypeOf(view, 2), heads4(sizes, total, valueHeadSize)),
    fact(dtypeOf(view, 0), [batch, heads, queries, total]),
  ];
};

function packedRule(sizesOf: SizesRule, dtypeAt: number): Rule {
  return (view) => {
    const sizes = sizesOf(view);
    const dtype = dtypeOf(view, dtypeAt);
    if (!sizes) return [fact(dtype, undefined)];
    const { batch, heads, queries, total, headSize, valueHeadSize } = sizes;
    const shared = intAttribute(view.node, 'past_present_share_buffer', 0) === 1;
    const present = shared ? shapeOf(view, 4) : [2, batch, heads, total, headSize];
    return [
      fact(dtype, [batch, queries, multiplyDims(heads, valueHeadSize)]),
      fact(dtype, present),
    ];
  };
}

const multiHeadRule: Rule = (view) => {
  const sizes = multiHead(view);
  const dtype = dtypeOf(view, 0);
  if (!sizes) return [fact(dtype, undefined)];
  const { batch, heads, queries, total, headSize, valueHeadSize } = sizes;
  return [
    fact(dtype, [batch, queries, multiplyDims(heads, valueHeadSize)]),
    fact(dtype, heads4(sizes, total, headSize)),
    fact(dtype, heads4(sizes, total, valueHeadSize)),
    fact(dtype, [batch, heads, queries, total]),
  ];
};

/** The cache grows to the total length, or keeps the size of a shared buffer that is larger. */
const groupedRule: Rule = (view) => {
  const sizes = grouped(view);
  const dtype = dtypeOf(view, 0);
  if (!sizes) return [fact(dtype, undefined)];
  const { batch, heads, queries, total, headSize } = sizes;
  const past = pastLength(view, 3);
  const both = typeof past === 'number' && typeof total === 'number';
  const cache = heads4(
    sizes,
    both ? Math.max(past, total) : null,
    shapeOf(view, 3)?.[3] ?? headSize,
  );
  const output = [batch, queries, multiplyDims(heads, headSize)];
  const cacheType = dtypeOf(view, 3) ?? dtype;
  return [fact(dtype, output), fact(cacheType, cache), fact(cacheType, cache)];
};

const linearRule: Rule = (view) => {
  const sizes = linear(view);
  if (!sizes) return [fact(dtypeOf(view, 0), undefined)];
  const { batch, heads, kvHeads, queries, headSize, valueHeadSize } = sizes;
  return [
    fact(dtypeOf(view, 0), [batch, queries, multiplyDims(heads, valueHeadSize)]),
    fact(dtypeOf(view, 3) ?? dtypeOf(view, 0), [batch, kvHeads, headSize, valueHeadSize]),
  ];
};

/** Its bodies change scores and probabilities one by one. */
const flexible: Rule = (view) => {
  const [output, , , scores] = standardRule(view);
  const precision = dtypeByCode(intAttribute(view.node, 'softmax_precision', 1));
  const changed = fact(precision, scores?.shape);
  view.body('score_mod', [changed]);
  view.body('prob_mod', [changed]);
  return [output];
};

/** The rules of attention. */
export const attentionRules = {
  Attention: standardRule,
  LinearAttention: linearRule,
  RotaryEmbedding: same,
  'ai.onnx.preview.FlexAttention': flexible,
  'com.microsoft.Attention': packedRule(packedProjection(4, 6), 0),
  'com.microsoft.DecoderMaskedSelfAttention': packedRule(packedProjection(4, 6), 0),
  'com.microsoft.QAttention': packedRule(packedProjection(8, -1), 3),
  'com.microsoft.MultiHeadAttention': multiHeadRule,
  'com.microsoft.DecoderMaskedMultiHeadAttention': (view) => multiHeadRule(view).slice(0, 1),
  'com.microsoft.GroupQueryAttention': groupedRule,
  'com.microsoft.LinearAttention': linearRule,
  'com.microsoft.RotaryEmbedding': same,
  'com.microsoft.GemmaRotaryEmbedding': (view) => [view.inputs[1], view.inputs[3]],
  'com.microsoft.MoE': same,
  'com.microsoft.QMoE': same,
} satisfies Record<string, Rule>;
