import type { NodeEntry } from '../../onnx/graph';
import { isStandard } from '../prepare/whole';

/** How an operator is given float16. */
export interface HalfOperator {
  /** It does a layer's work: what has none of these near it is not worth the casts around it. */
  readonly works?: true;
  /** Inputs that are float32 by the operator's definition. */
  readonly keeps?: readonly number[];
  /** Outputs that are float32 by the operator's definition. */
  readonly wide?: readonly number[];
}

const works: HalfOperator = { works: true };
const moves: HalfOperator = {};
const each = <T extends HalfOperator>(names: string, operator: T): Record<string, T> =>
  Object.fromEntries(names.split(' ').map((name) => [name, operator]));

/**
 * Standard operators that may compute in float16. Left out is what has no float16 kernel with some provider (Range, TopK, NonMaxSuppression,
 * RoiAlign, GridSample, random numbers), what leaves float16's range where its inputs do not (Exp, sums, squares and their means), what
 * loses counts and angles (CumSum, Sin, Cos, Floor), and BatchNormalization, whose variances are too small for it.
 */
const standard: Readonly<Record<string, HalfOperator>> = {
  ...each('MatMul Gemm Conv ConvTranspose Einsum LSTM GRU RNN Attention', works),
  ...each('Add Sub Mul Div Neg Abs Sqrt Reciprocal Sign Min Max Where Clip', moves),
  ...each('Relu LeakyRelu PRelu Elu Selu Celu Gelu Sigmoid HardSigmoid HardSwish', moves),
  ...each('Swish Mish Tanh Erf Softplus Softsign ThresholdedRelu Softmax LogSoftmax Pow', moves),
  ...each('MaxPool AveragePool GlobalAveragePool GlobalMaxPool', moves),
  ...each('Reshape Transpose Concat Split Slice Squeeze Unsqueeze Flatten Identity', moves),
  ...each('Gather GatherElements GatherND ScatterElements ScatterND Expand Tile Pad', moves),
  ...each('DepthToSpace SpaceToDepth Trilu Shape Size Cast ConstantOfShape', moves),
  // Their means and variances are float32 whatever comes in: `stash_type`, which is 1 unless it is said.
  LayerNormalization: { wide: [1, 2] },
  ...each('RMSNormalization GroupNormalization SimplifiedLayerNormalization', { wide: [1] }),
  RotaryEmbedding: moves,
  Dropout: { keeps: [1] },
  // Regions and scales; before operator set 11 the scales came second.
  Resize: { keeps: [1, 2] },
  Upsample: { keeps: [1] },
};

/**
 * ONNX Runtime's own operators, which optimised files hold. Not GroupQueryAttention: between casts the runtime gives what it remembers the
 * buffer of what it remembered before, which is shorter.
 */
const contributed: Readonly<Record<string, HalfOperator>> = {
  ...each('FusedMatMul MatMulNBits Attention MultiHeadAttention', works),
  ...each('Gelu FastGelu BiasGelu QuickGelu RotaryEmbedding', moves),
  SkipLayerNormalization: { wide: [1, 2] },
  SkipSimplifiedLayerNormalization: { wide: [1, 2] },
};

const tables: Readonly<Record<string, Readonly<Record<string, HalfOperator>>>> = {
  '': standard,
  'com.microsoft': contributed,
};

/** How the node's operator is given float16; undefined for one that stays in float32. */
export function halfOperator({ node }: NodeEntry): HalfOperator | undefined {
  const table = tables[isStandard(node) ? '' : node.domain];
  return table && Object.hasOwn(table, node.op) ? table[node.op] : undefined;
}
