import type { Node } from '../onnx/model';
import type { Weight } from './structure';

/** What an operator does, as far as recognising layers goes. */
export type OperatorKind =
  | 'product' // a matrix product of two operands, either of which may be a weight
  | 'convolution'
  | 'norm'
  | 'lookup'
  | 'recurrent'
  | 'attention' // a whole attention in one node
  | 'experts'
  | 'activation'
  | 'softmax'
  | 'arithmetic'
  | 'reduce'
  | 'layout' // moves elements, computes none
  | 'cast' // the same numbers in another storage
  | 'pool'
  | 'shape'
  | 'constant'
  | 'body' // If, Loop, Scan
  | 'other';

export interface Operator {
  readonly kind: OperatorKind;
  /** The standard operator that this one is a quantized or fused form of. */
  readonly as?: string;
  /** Positions of the inputs that carry data or weights, in the standard operator's order. All inputs where it is left out. */
  readonly operands?: readonly number[];
  /** What a constant at an input is. Operands of products, sums and the like are told from the pattern instead. */
  readonly uses?: Readonly<Record<number, Weight['kind']>>;
}

type Use = Weight['kind'];
const weight: Use = 'weight';
const bias: Use = 'bias';
const scale: Use = 'scale';
const zero: Use = 'zeroPoint';
const table: Use = 'table';
const statistics: Use = 'statistics';
const constant: Use = 'constant';

const product: Operator = { kind: 'product', operands: [0, 1], uses: { 2: bias } };
const convolution: Operator = { kind: 'convolution', operands: [0, 1], uses: { 2: bias } };
const norm: Operator = { kind: 'norm', operands: [0], uses: { 1: weight, 2: bias } };
const recurrent: Operator = {
  kind: 'recurrent',
  operands: [0],
  uses: { 1: weight, 2: weight, 3: bias, 4: constant, 5: constant, 6: constant, 7: weight },
};
const activation: Operator = { kind: 'activation', operands: [0] };
const biasedActivation: Operator = { kind: 'activation', operands: [0], uses: { 1: bias } };
const arithmetic: Operator = { kind: 'arithmetic' };
const reduce: Operator = { kind: 'reduce', operands: [0] };
const layout: Operator = { kind: 'layout', operands: [0] };
const joining: Operator = { kind: 'layout' };
const cast: Operator = { kind: 'cast', operands: [0], uses: { 1: scale, 2: zero } };
const pool: Operator = { kind: 'pool', operands: [0] };
const shape: Operator = { kind: 'shape' };
const softmax: Operator = { kind: 'softmax', operands: [0] };
const body: Operator = { kind: 'body' };

/** Quantized twins take a scale and a zero point after each operand, and one more pair for their output. */
const unaryTwin = { operands: [0], uses: { 1: scale, 2: zero, 3: scale, 4: zero } };
const binaryTwin = {
  operands: [0, 3],
  uses: { 1: scale, 2: zero, 4: scale, 5: zero, 6: scale, 7: zero },
};

const named = (names: string, operator: Operator): Record<string, Operator> =>
  Object.fromEntries(names.split(' ').map((name) => [name, operator]));

/** Every operator with a meaning here, by name; a contrib operator whose name means something else is told by its domain. */
const operators: Readonly<Record<string, Operator>> = {
  ...named('MatMul Gemm FusedGemm FusedMatMul FusedMatMulActivation TransposeMatMul', product),
  ...named('GemmFastGelu SparseToDenseMatMul GemmFloat8', product),
  Einsum: { kind: 'product' },
  MatMulInteger: { ...product, as: 'MatMul', uses: { 2: zero, 3: zero } },
  QLinearMatMul: { ...product, as: 'MatMul', ...binaryTwin },
  QGemm: {
    ...product,
    as: 'Gemm',
    operands: [0, 3],
    uses: { 1: scale, 2: zero, 4: scale, 5: zero, 6: bias, 7: scale, 8: zero },
  },
  MatMulIntegerToFloat: {
    ...product,
    as: 'MatMul',
    uses: { 2: scale, 3: scale, 4: zero, 5: zero, 6: bias },
  },
  DynamicQuantizeMatMul: { ...product, as: 'MatMul', uses: { 2: scale, 3: zero, 4: bias } },
  MatMulNBits: { ...product, uses: { 2: scale, 3: zero, 4: constant, 5: bias } },
  MatMulBnb4: { ...product, uses: { 2: scale } },
  MatMulFpQ4: { ...product, uses: { 2: constant } },
  QOrderedMatMul: {
    ...product,
    as: 'MatMul',
    operands: [0, 2],
    uses: { 1: scale, 3: scale, 4: scale, 5: bias, 6: constant, 7: scale },
  },

  ...named('Conv ConvTranspose FusedConv NhwcConv NhwcFusedConv', convolution),
  DeformConv: { ...convolution, uses: { 3: bias } },
  ConvTransposeWithDynamicPads: { ...convolution, as: 'ConvTranspose', uses: { 3: bias } },
  ConvInteger: { ...convolution, as: 'Conv', uses: { 2: zero, 3: zero } },
  QLinearConv: {
    ...convolution,
    as: 'Conv',
    operands: [0, 3],
    uses: { ...binaryTwin.uses, 8: bias },
  },
  QLinearConvTranspose: {
    ...convolution,
    as: 'ConvTranspose',
    operands: [0, 3],
    uses: { ...binaryTwin.uses, 8: bias },
  },

  ...named('LayerNormalization RMSNormalization SimplifiedLayerNormalization GroupNorm', norm),
  ...named('InstanceNormalization GroupNormalization LpNormalization LRN', norm),
  MeanVarianceNormalization: norm,
  BatchNormalization: { ...norm, uses: { 1: weight, 2: bias, 3: statistics, 4: statistics } },
  SkipLayerNormalization: { ...norm, operands: [0, 1], uses: { 2: weight, 3: bias, 4: bias } },
  SkipSimplifiedLayerNormalization: { ...norm, operands: [0, 1], uses: { 2: weight, 3: bias } },
  SkipGroupNorm: { ...norm, operands: [0, 3], uses: { 1: weight, 2: bias, 4: bias } },

  Gather: { kind: 'lookup', operands: [0, 1] },
  GatherBlockQuantized: {
    kind: 'lookup',
    as: 'Gather',
    operands: [0, 1],
    uses: { 2: scale, 3: zero },
  },
  EmbedLayerNormalization: {
    kind: 'lookup',
    operands: [0, 1, 8],
    uses: { 2: table, 3: table, 4: table, 5: weight, 6: bias },
  },
  QEmbedLayerNormalization: {
    kind: 'lookup',
    as: 'EmbedLayerNormalization',
    operands: [0, 1],
    uses: {
      ...{ 2: table, 3: table, 4: table, 5: weight, 6: bias },
      ...{ 8: scale, 9: scale, 10: scale, 11: scale, 12: scale },
      ...{ 13: zero, 14: zero, 15: zero, 16: zero, 17: zero },
    },
  },

  ...named('LSTM GRU RNN AttnLSTM', recurrent),
  DynamicQuantizeLSTM: {
    ...recurrent,
    as: 'LSTM',
    uses: { ...recurrent.uses, 8: scale, 9: zero, 10: scale, 11: zero },
  },

  Attention: { kind: 'attention', operands: [0, 1, 2] },
  'com.microsoft.Attention': { kind: 'attention', operands: [0], uses: { 1: weight, 2: bias } },
  PackedAttention: { kind: 'attention', operands: [0], uses: { 1: weight, 2: bias } },
  LongformerAttention: {
    kind: 'attention',
    operands: [0],
    uses: { 1: weight, 2: bias, 4: weight, 5: bias },
  },
  QAttention: {
    kind: 'attention',
    operands: [0],
    uses: { 1: weight, 2: bias, 3: scale, 4: scale, 6: zero, 7: zero },
  },
  DecoderAttention: {
    kind: 'attention',
    operands: [0, 1],
    uses: { 2: weight, 3: weight, 4: bias },
  },
  MultiHeadAttention: { kind: 'attention', operands: [0, 1, 2], uses: { 3: bias } },
  PackedMultiHeadAttention: { kind: 'attention', operands: [0, 1, 2], uses: { 3: bias } },
  DecoderMaskedMultiHeadAttention: { kind: 'attention', operands: [0, 1, 2], uses: { 10: bias } },
  GroupQueryAttention: {
    kind: 'attention',
    operands: [0, 1, 2],
    uses: { 7: constant, 8: constant },
  },
  SparseAttention: { kind: 'attention', operands: [0, 1, 2], uses: { 9: constant, 10: constant } },
  PagedAttention: { kind: 'attention', operands: [0, 1, 2], uses: { 8: constant, 9: constant } },
  RotaryEmbedding: { kind: 'arithmetic', operands: [0], uses: { 1: constant, 2: constant } },
  'com.microsoft.RotaryEmbedding': {
    kind: 'arithmetic',
    operands: [0],
    uses: { 2: constant, 3: constant },
  },
  MoE: {
    kind: 'experts',
    operands: [0, 1],
    uses: { 2: weight, 3: bias, 4: weight, 5: bias, 6: weight, 7: bias },
  },
  QMoE: {
    kind: 'experts',
    operands: [0, 1],
    uses: {
      ...{ 2: weight, 3: scale, 4: bias, 5: weight, 6: scale, 7: bias },
      ...{ 8: weight, 9: scale, 10: bias, 11: zero, 12: zero, 13: zero },
    },
  },

  ...named('Relu Sigmoid Tanh Gelu Elu Selu Celu Mish Swish HardSwish HardSigmoid', activation),
  ...named(
    'Softplus Softsign LeakyRelu ThresholdedRelu Erf QuickGelu ScaledTanh Shrink',
    activation,
  ),
  ...named('FastGelu BiasGelu BiasSplitGelu', biasedActivation),
  PRelu: { kind: 'activation', operands: [0], uses: { 1: weight } },
  QLinearSigmoid: { kind: 'activation', as: 'Sigmoid', ...unaryTwin },
  QLinearLeakyRelu: { kind: 'activation', as: 'LeakyRelu', ...unaryTwin },

  ...named('Softmax LogSoftmax', softmax),
  BiasSoftmax: { kind: 'softmax', as: 'Softmax', operands: [0] },
  QLinearSoftmax: { kind: 'softmax', as: 'Softmax', ...unaryTwin },

  ...named(
    'Add Sub Mul Div Pow Sqrt Exp Log Abs Neg Reciprocal Min Max Clip Where Sum',
    arithmetic,
  ),
  ...named(
    'Mean Sin Cos Floor Ceil Round Sign Mod IsNaN IsInf Not And Or Xor Equal Less',
    arithmetic,
  ),
  ...named(
    'LessOrEqual Greater GreaterOrEqual BiasAdd BiasDropout Tan Atan Rsqrt Acos Asin Sinh Cosh Asinh Acosh Atanh',
    arithmetic,
  ),
  ...named('BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot', arithmetic),
  QLinearAdd: { ...arithmetic, as: 'Add', ...binaryTwin },
  QLinearMul: { ...arithmetic, as: 'Mul', ...binaryTwin },
  QLinearWhere: { ...arithmetic, as: 'Where', operands: [0, 1, 4] },

  ...named('ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2', reduce),
  ...named('ReduceSumSquare ReduceLogSum ReduceLogSumExp', reduce),
  QLinearReduceMean: { kind: 'reduce', as: 'ReduceMean', ...unaryTwin },

  ...named('Reshape Transpose Squeeze Unsqueeze Flatten Expand Tile Slice Split Pad', layout),
  ...named('DepthToSpace SpaceToDepth GatherElements GatherND ReverseSequence', layout),
  ...named('SequenceAt SplitToSequence Compress Trilu DynamicSlice', layout),
  ...named('Concat SequenceConstruct ConcatFromSequence ScatterND ScatterElements', joining),
  ...named('Scatter TensorScatter SequenceInsert', joining),
  QLinearConcat: { kind: 'layout', as: 'Concat' },

  ...named('Cast CastLike Identity Dropout Optional OptionalGetElement BitCast', {
    kind: 'cast',
    operands: [0],
  }),
  ...named('QuantizeLinear DequantizeLinear', cast),
  DynamicQuantizeLinear: { kind: 'cast', operands: [0] },

  ...named('MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool', pool),
  ...named('MaxRoiPool RoiAlign Resize Upsample GridSample MaxUnpool', pool),
  QLinearAveragePool: { ...pool, as: 'AveragePool', ...unaryTwin },
  QLinearGlobalAveragePool: { ...pool, as: 'GlobalAveragePool', ...unaryTwin },

  ...named('Shape Size ConstantOfShape Range EyeLike OneHot', shape),
  Constant: { kind: 'constant', operands: [] },
  ...named('If Loop Scan', body),
};

const unknownOperator: Operator = { kind: 'other' };

const byName: ReadonlyMap<string, Operator> = new Map(Object.entries(operators));

/** What is known of the node's operator; `other` for one that nobody here has heard of. */
export function operatorOf(node: Node): Operator {
  const own = node.domain === '' ? undefined : byName.get(`${node.domain}.${node.op}`);
  return own ?? byName.get(node.op) ?? unknownOperator;
}
