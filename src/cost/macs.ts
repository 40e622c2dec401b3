import { intAttribute } from '../onnx/attributes';
import type { NodeEntry } from '../onnx/graph';
import { countOf } from '../onnx/shapes/dims';
import { dtypeOf } from '../onnx/shapes/fact';
import { isMisfit } from '../onnx/shapes/fit';
import { operatorKey } from '../onnx/shapes/operator';
import { ruleOf } from '../onnx/shapes/rules';
import type { Shapes } from '../onnx/shapes/shapes';
import { outputFacts, viewOf } from '../onnx/shapes/view';
import {
  attention,
  byData,
  experts,
  gatedDelta,
  gatedPositionBias,
  linearAttention,
  linearModel,
  projectingAttention,
  projections,
} from './attention';
import {
  convolution,
  convTranspose,
  einsum,
  fusedMatMul,
  gemm,
  packedProduct,
  product,
  recurrent,
} from './products';
import type { MacRule } from './site';

/**
 * Multiply-adds of one run of a node, or why they are not known. What counts are the products of matrices, convolutions, attention
 * and recurrences; operators that work on elements one by one, or only move them, count 0.
 */
export type Macs = { readonly macs: number } | { readonly why: string };

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
  'com.microsoft.DecoderMaskedSelfAttention': projectingAttention(
    'com.microsoft.DecoderMaskedSelfAttention',
  ),
  'com.microsoft.PackedAttention': byData,
  'com.microsoft.PackedMultiHeadAttention': byData,
  'com.microsoft.PagedAttention': byData,
  'com.microsoft.SparseAttention': byData,
  'com.microsoft.LongformerAttention': byData,
  'com.microsoft.GatedRelativePositionBias': gatedPositionBias,
  'com.microsoft.GatedDeltaNet': gatedDelta,
  'com.microsoft.MatMulNBitsQkv': projections('Nq', 'Nkv', 'Nkv'),
  'com.microsoft.MatMulNBitsMlp': projections('N', 'N'),
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
  'com.microsoft.MatMulFpQ4': byData,
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
  'com.microsoft.AttnLSTM': byData,
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
