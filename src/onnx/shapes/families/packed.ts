import { intAttribute, intsAttribute, stringAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { addDims, divideProducts, multiplyDims } from '../dims';
import { dtypeOf, fact, shapeOf, type NodeView, type Rule } from '../fact';
import { same } from './elementwise';

/** ONNX Runtime's operators on tokens without padding, on sparse and windowed attention, and what serves them. */

/** Tokens [tokens, input], projected by [input, q + k + v]; the values' share comes out. */
const packedAttention: Rule = (view) => {
  const sizes = intsAttribute(view.node, 'qkv_hidden_sizes');
  const width = sizes?.[2] ?? divideProducts([shapeOf(view, 1)?.[1] ?? null], [3]);
  return [fact(dtypeOf(view, 0), [shapeOf(view, 0)?.[0] ?? null, width])];
};

/** Queries [tokens, hidden], or all three as [tokens, heads, 3, size]. */
const packedMultiHead: Rule = (view) => {
  const [query, value] = [shapeOf(view, 0), shapeOf(view, 2)];
  const packed = query?.length === 4;
  const width = packed ? multiplyDims(query[1] ?? null, query[3] ?? null) : (value?.[1] ?? null);
  return [fact(dtypeOf(view, 0), [query?.[0] ?? null, width])];
};

/** Size of a head where the first input holds queries, or keys and values with them. */
function headSize(view: NodeView, width: Dim | undefined): Dim {
  const heads = intAttribute(view.node, 'num_heads') ?? null;
  const kvHeads = intAttribute(view.node, 'kv_num_heads') ?? null;
  const all = view.node.inputs[1] ? heads : addDims(heads, multiplyDims(2, kvHeads));
  return divideProducts([width ?? null], [all]);
}

/** The caches are written in place. */
const cachedAttention: Rule = (view) => {
  const query = shapeOf(view, 0);
  const heads = intAttribute(view.node, 'num_heads') ?? null;
  const given = intAttribute(view.node, 'v_head_size', 0);
  const size = given > 0 ? given : headSize(view, query?.at(-1));
  const output = query && [...query.slice(0, -1), multiplyDims(heads, size)];
  const cache = (input: number) => fact(dtypeOf(view, input), shapeOf(view, input));
  return [fact(dtypeOf(view, 0), output), cache(3), cache(4)];
};

const removePadding: Rule = (view) => {
  const [batch = null, length = null, width = null] = shapeOf(view, 0) ?? [];
  return [
    fact(dtypeOf(view, 0), [null, width]),
    fact('int32', [batch, length]),
    fact('int32', [addDims(batch, 1)]),
    fact('int32', [1]),
  ];
};

/** Places of the tokens [batch, length] tell where the padding was. */
const restorePadding: Rule = (view) => {
  const places = shapeOf(view, 1);
  return [fact(dtypeOf(view, 0), places && [...places, shapeOf(view, 0)?.[1] ?? null])];
};

const gatedPositionBias: Rule = (view) => {
  const places = shapeOf(view, 6) ?? shapeOf(view, 0)?.slice(0, 2);
  const [batch = null, length = null] = places ?? [];
  const heads = intAttribute(view.node, 'num_heads') ?? null;
  return [fact(dtypeOf(view, 0), [batch, heads, length, length])];
};

/** Sizes of a gated delta network over tokens [tokens, heads, size], its state [batch, heads, value size, key size]. */
export function deltaSizes(view: NodeView) {
  const [query, value] = [shapeOf(view, 0), shapeOf(view, 2)];
  const [tokens = null, heads = null, keySize = null] = query ?? [];
  const [, valueHeads = null, valueSize = null] = value ?? [];
  const both = typeof heads === 'number' && typeof valueHeads === 'number';
  const outputHeads = both ? Math.max(heads, valueHeads) : null;
  const isDelta = stringAttribute(view.node, 'update_rule', 'gated_delta').endsWith('delta');
  return { tokens, outputHeads, valueHeads, keySize, valueSize, isDelta };
}

const gatedDelta: Rule = (view) => {
  const { tokens, outputHeads, valueHeads, keySize, valueSize } = deltaSizes(view);
  const batch = shapeOf(view, 6)?.[0] ?? null;
  return [
    fact(dtypeOf(view, 0), [tokens, outputHeads, valueSize]),
    fact('float32', [batch, valueHeads, valueSize, keySize]),
  ];
};

/** Three projections [.., K] of one normalised input, and the sum before the norm. */
const normalizedProjections: Rule = (view) => {
  const rows = shapeOf(view, 0)?.slice(0, -1);
  const wide = (attribute: string) =>
    fact(dtypeOf(view, 0), rows && [...rows, intAttribute(view.node, attribute) ?? null]);
  return [wide('Nq'), wide('Nkv'), wide('Nkv'), wide('K')];
};

/** Gate and up projection in one, [.., K] to [.., N]. */
const gatedProjection: Rule = (view) => {
  const rows = shapeOf(view, 0)?.slice(0, -1);
  return [fact(dtypeOf(view, 0), rows && [...rows, intAttribute(view.node, 'N') ?? null])];
};

/** The rules of tokens without padding. */
export const packedRules = {
  'com.microsoft.PackedAttention': packedAttention,
  'com.microsoft.PackedMultiHeadAttention': packedMultiHead,
  'com.microsoft.PagedAttention': cachedAttention,
  'com.microsoft.SparseAttention': cachedAttention,
  'com.microsoft.LongformerAttention': same,
  'com.microsoft.RemovePadding': removePadding,
  'com.microsoft.RestorePadding': restorePadding,
  'com.microsoft.GatedRelativePositionBias': gatedPositionBias,
  'com.microsoft.GatedDeltaNet': gatedDelta,
  'com.microsoft.GatedRMSNorm': same,
  'com.microsoft.MRotaryEmbedding': same,
  'com.microsoft.MatMulNBitsQkv': normalizedProjections,
  'com.microsoft.MatMulNBitsMlp': gatedProjection,
} satisfies Record<string, Rule>;
