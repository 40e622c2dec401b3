import { intAttribute } from '../onnx/attributes';
import { consumersOf, type NodeEntry } from '../onnx/graph';
import { dtypes } from '../tensor/dtype';
import {
  bitsOf,
  type Compressed,
  isDequantized,
  isHalf,
  isOutputQuantized,
  isSixteenBit,
  readsSixteenBits,
  scalesAtRunTime,
} from './compressed';
import { type SlowProduct, slowProducts, whySlowProduct } from './slowProducts';

/** What the runtime made of a compressed layer. */
export interface RanAs {
  /** Nodes of the optimised graph that do the main operator's work. */
  readonly nodes: readonly NodeEntry[];
  readonly ops: ReadonlySet<string>;
  /** A DequantizeLinear reads the stored weight, on every run. */
  readonly dequantizes: boolean;
  /** The packed weight is gone: unpacked when the model was loaded. */
  readonly unpackedAtLoad: boolean;
}

interface Miss {
  readonly when: (compressed: Compressed, ran: RanAs) => boolean;
  readonly why: string;
}

/** A way of storing weights, and the kernels that make it worth while. */
export interface Scheme {
  readonly is: (compressed: Compressed) => boolean;
  readonly title: (compressed: Compressed) => string;
  readonly wanted: string;
  readonly runs: (compressed: Compressed, ran: RanAs) => boolean;
  /** Known reasons why it does not, the surest first. */
  readonly misses: readonly Miss[];
  /** What is worth knowing although it does. */
  readonly notes?: readonly Miss[];
}

const always = () => true;
const ranOneOf = (...wanted: readonly string[]) => {
  return (_: Compressed, { ops, dequantizes }: RanAs) =>
    !dequantizes && wanted.some((op) => ops.has(op));
};
const oneOf = (ops: readonly string[]) => ops.join(' or ');

const dequantizedEachRun: Miss = {
  when: (_, { dequantizes }) => dequantizes,
  why: 'The runtime does not fuse the pattern around it: the weights are dequantized on every run.',
};
const folded: Miss = {
  when: (_, { unpackedAtLoad }) => unpackedAtLoad,
  why: 'The weights are unpacked when the model is loaded: float32 in memory and in speed.',
};
const unsignedWeights: Miss = {
  when: ({ packed }) => packed.tensor.dtype === 'uint8',
  why: 'Unsigned weights take up to twice as long as signed ones on processors with VNNI.',
};

const integerProducts = ['DynamicQuantizeMatMul', 'MatMulIntegerToFloat'] as const;
const staticKernel = /^(QLinear\w+|QGemm|QAttention|MatMulIntegerToFloat)$/;
/** Operators that quantizers write with their integers already in them. */
const integerOperator =
  /^(QLinear\w+|QGemm|QAttention|QEmbedLayerNormalization|DynamicQuantizeMatMul|MatMulIntegerToFloat)$/;
const convolutions: readonly string[] = ['Conv', 'FusedConv', 'ConvTranspose'];
const withIntegerKernel: readonly string[] = ['Conv', 'MatMul', 'Gemm'];

/** Every way of storing weights that is recognised, by its structure alone; the first that fits counts. */
const schemes = {
  int8Dynamic: {
    is: ({ main }) => main.op === 'MatMulInteger',
    title: () => 'int8 dynamic',
    wanted: oneOf(integerProducts),
    runs: ranOneOf(...integerProducts),
    misses: [
      {
        when: (_, { ops }) => ops.has('MatMulInteger'),
        why: 'The product is integer, but its conversion and scaling run as nodes of their own: something else reads them, or the scale is no constant.',
      },
    ],
    notes: [unsignedWeights],
  },
  int8Convolution: {
    is: ({ main }) => main.op === 'ConvInteger',
    title: () => 'int8 dynamic',
    wanted: 'QLinearConv',
    runs: () => false,
    misses: [
      {
        when: always,
        why: 'Convolutions with scales found at run time are 6 to 12 times slower than float32: use int8 static.',
      },
    ],
  },
  int8Recurrent: {
    is: ({ main }) => main.op === 'DynamicQuantizeLSTM',
    title: () => 'int8 dynamic',
    wanted: 'DynamicQuantizeLSTM',
    runs: ranOneOf('DynamicQuantizeLSTM'),
    misses: [],
  },
  fewBits: {
    is: ({ main }) => main.op === 'MatMulNBits',
    title: (compressed) => `${bitsOf(compressed)}-bit weights`,
    wanted: 'MatMulNBits with integer compute',
    runs: (_, { nodes }) => nodes.some((entry) => whySlowProduct(entry) === undefined),
    misses: [
      ...Object.entries(slowProducts).map(([reason, why]) => ({
        when: (_: Compressed, ran: RanAs) => slowBecause(ran, reason as SlowProduct),
        why,
      })),
    ],
    notes: [
      {
        when: (_, { nodes }) =>
          nodes.every(({ node }) => intAttribute(node, 'accuracy_level', 0) !== 4),
        why: 'It computes in float32; accuracy level 4 is about three times as fast for single tokens.',
      },
    ],
  },
  bitsAndBytes: {
    is: ({ main }) => main.op === 'MatMulBnb4',
    title: ({ main }) =>
      intAttribute(main, 'quant_type', 1) === 1 ? 'NF4 weights' : 'FP4 weights',
    wanted: 'MatMulNBits',
    runs: () => false,
    misses: [{ when: always, why: 'MatMulBnb4 expands the whole weight on every run.' }],
  },
  fewBitRows: {
    is: ({ main }) => main.op === 'GatherBlockQuantized',
    title: (compressed) => `${bitsOf(compressed)}-bit rows`,
    wanted: 'GatherBlockQuantized',
    runs: ranOneOf('GatherBlockQuantized'),
    misses: [],
  },
  codedRows: {
    is: ({ main, packed, unpacking }) =>
      main.op === 'Gather' && !unpacking && dtypes[packed.tensor.dtype].class !== 'float',
    title: ({ packed }) => `${packed.tensor.dtype} rows`,
    wanted: 'Gather of codes',
    runs: (_, { ops, dequantizes }) => ops.has('Gather') && !dequantizes,
    misses: [dequantizedEachRun],
  },
  dequantizedTable: {
    is: ({ main, unpacking }) => main.op === 'Gather' && unpacking?.node.op === 'DequantizeLinear',
    title: ({ packed }) => `${packed.tensor.dtype} rows`,
    wanted: 'Gather of codes',
    runs: (_, { dequantizes, unpackedAtLoad }) => !dequantizes && !unpackedAtLoad,
    misses: [
      {
        when: (_, { dequantizes }) => dequantizes,
        why: 'The table is dequantized before the look-up: all of its rows, on every run.',
      },
      folded,
    ],
  },
  int8Static: {
    is: ({ unpacking, quantizedData }) =>
      unpacking?.node.op === 'DequantizeLinear' && quantizedData,
    title: ({ packed }) => (dtypes[packed.tensor.dtype].bits > 8 ? 'int16 static' : 'int8 static'),
    wanted: 'QLinearConv, QLinearMatMul, QGemm or MatMulIntegerToFloat',
    runs: (_, { ops, dequantizes }) => !dequantizes && [...ops].some((op) => staticKernel.test(op)),
    misses: [
      {
        when: (compressed) =>
          isSixteenBit(compressed.packed.tensor.dtype) || readsSixteenBits(compressed),
        why: 'The runtime has no integer kernels for 16-bit values: it computes in float32 between conversions.',
      },
      {
        when: ({ main }) => !withIntegerKernel.includes(main.op),
        why: 'The runtime has no integer kernel for this operator: it computes in float32 between conversions.',
      },
      {
        when: (compressed) =>
          convolutions.includes(compressed.main.op) && !isOutputQuantized(compressed),
        why: 'Its output is not quantized, which the integer convolution needs: the weights are dequantized on every run.',
      },
      {
        when: ({ main }, { ops }) => ops.has('Gemm') && main.op === 'MatMul',
        why: 'The bias was fused first, so the weights are dequantized on every run.',
      },
      {
        when: ({ main, scope }, { ops }) =>
          ops.has('Gemm') && (main.inputs[2] ?? '') !== '' && !isDequantized(scope, main.inputs[2]),
        why: 'Its bias is float32 and its output not quantized, so the weights are dequantized on every run.',
      },
      dequantizedEachRun,
      folded,
    ],
    notes: [unsignedWeights],
  },
  weightOnly: {
    is: ({ unpacking }) => unpacking?.node.op === 'DequantizeLinear',
    title: (compressed) => `${bitsOf(compressed)}-bit weights`,
    wanted: 'MatMulNBits with integer compute',
    runs: (_, { nodes, dequantizes }) =>
      !dequantizes &&
      nodes.some(({ node }) => node.op === 'MatMulNBits') &&
      nodes.some((entry) => whySlowProduct(entry) === undefined),
    misses: [
      {
        when: ({ main }) => convolutions.includes(main.op),
        why: 'There is no kernel for convolutions with only their weights quantized: they are dequantized on every run.',
      },
      {
        when: ({ main }) => main.op === 'LSTM' || main.op === 'GRU' || main.op === 'RNN',
        why: 'The recurrent operator takes floats: the weights are dequantized on every run. DynamicQuantizeLSTM takes codes.',
      },
      {
        when: ({ main }) => main.op === 'Gemm' && intAttribute(main, 'transB', 0) === 1,
        why: 'Its weight is stored transposed, which the runtime does not fuse: it is dequantized on every run.',
      },
      {
        when: ({ scope, unpacking }) =>
          consumersOf(scope, unpacking?.node.outputs[0] ?? '').length > 1,
        why: 'Several layers read the dequantized weight, so it is not fused into any of them.',
      },
      dequantizedEachRun,
      folded,
    ],
  },
  operatorFormat: {
    is: ({ main }) => integerOperator.test(main.op),
    title: (compressed) =>
      compressed.main.op === 'QEmbedLayerNormalization'
        ? `${compressed.packed.tensor.dtype} rows`
        : scalesAtRunTime(compressed)
          ? 'int8 dynamic'
          : 'int8 static',
    wanted: 'the integer operator of the file',
    runs: ({ main }, { ops }) => ops.has(main.op),
    misses: [],
    notes: [unsignedWeights],
  },
  halfStorage: {
    is: ({ packed, unpacking }) => isHalf(packed.tensor.dtype) && unpacking !== undefined,
    title: ({ packed }) => `${packed.tensor.dtype} storage`,
    wanted: 'unpacked at load, then float32',
    runs: (_, { unpackedAtLoad }) => unpackedAtLoad,
    misses: [{ when: always, why: 'The weights are converted on every run.' }],
    notes: [{ when: always, why: 'Smaller on disk; float32 in memory and in speed.' }],
  },
  halfCompute: {
    is: ({ packed }) => isHalf(packed.tensor.dtype),
    title: ({ packed }) => packed.tensor.dtype,
    wanted: 'a float16 kernel',
    // Moving values needs no arithmetic.
    runs: ({ main }, { unpackedAtLoad }) => main.op === 'Gather' || !unpackedAtLoad,
    misses: [
      {
        when: always,
        why: 'This processor has no float16 kernel for it: it runs in float32 between conversions.',
      },
    ],
  },
  codes: {
    is: always,
    title: (compressed) => `${bitsOf(compressed)}-bit codes`,
    wanted: 'unpacked at load, then float32',
    runs: (_, { unpackedAtLoad }) => unpackedAtLoad,
    misses: [dequantizedEachRun, { when: always, why: 'The weights are unpacked on every run.' }],
    notes: [{ when: always, why: 'Smaller on disk; float32 in memory and in speed.' }],
  },
} as const satisfies Record<string, Scheme>;

/** The scheme that a layer's weights are stored in. */
export function schemeOf(compressed: Compressed): Scheme {
  return Object.values<Scheme>(schemes).find((scheme) => scheme.is(compressed)) ?? schemes.codes;
}

function slowBecause({ nodes }: RanAs, reason: SlowProduct): boolean {
  return nodes.some((entry) => whySlowProduct(entry) === reason);
}
