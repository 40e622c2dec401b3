import {
  type BlockwiseOptions,
  type Bits,
  type Grid,
  minMaxGrid,
  packCodes,
  packZeroPoints,
  quantizeBlockwise,
} from '../kernels/blockwise';
import { halfQuadraticGrid, leastSquaresGrid } from '../kernels/grids';
import { computedTensor, makeNode } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Layer } from '../structure/structure';
import { transpose } from '../tensor/linalg';
import { defineAction, doesNotFit, type Workbench } from './action';
import { floatValues, linearFit, linearOf, readWeight, replaced, type Linear } from './linear';
import type { ParamsOf } from '../protocol/params';
import { type Table, tableFit, tableOf } from './table';

const contrib = 'com.microsoft';
/** Activations are quantized to 8 bits inside the product: the only level at which every width has a fast kernel. */
const integerCompute = 4;

const grids = {
  leastSquares: leastSquaresGrid,
  nearest: minMaxGrid,
  halfQuadratic: halfQuadraticGrid,
} as const satisfies Record<string, (options: BlockwiseOptions) => Grid>;

const params = {
  bits: {
    kind: 'choice',
    title: 'Width',
    help: 'Bits a weight takes, its share of the scales not counted.',
    options: { '8': '8 bits', '4': '4 bits', '2': '2 bits: large errors, measure them' },
    default: '4',
  },
  block: {
    kind: 'choice',
    title: 'Block',
    help: 'Weights that share a scale. Smaller blocks are more exact and take more bytes.',
    options: { '16': '16', '32': '32', '64': '64', '128': '128', '256': '256' },
    default: '32',
  },
  symmetric: {
    kind: 'boolean',
    title: 'Symmetric',
    help: 'No zero points: a little smaller, a little less exact.',
    default: false,
  },
  rounding: {
    kind: 'choice',
    title: 'Grid',
    help: 'How the scale and zero point of a block are chosen.',
    options: {
      leastSquares: 'Least squared error, ranges clipped where that is better',
      nearest: 'Smallest to largest value, as ONNX Runtime’s packer does',
      halfQuadratic: 'Least p-norm error (HQQ), forgiving outliers',
    },
    default: 'leastSquares',
  },
} as const;
type Params = ParamsOf<typeof params>;

/** Weights in 2, 4 or 8 bits with a scale per block: MatMulNBits for products, GatherBlockQuantized for tables. */
export const weightOnly = defineAction({
  title: 'weight-only, 4-bit',
  about: 'Weights in few bits with a scale per block; activations stay as they are.',
  group: 'quantize',
  speed: 'faster',
  speedNote:
    'For few tokens at a time, where reading weights is what takes time; at long sequences about as fast as float32.',
  data: 'none',
  params,
  appliesTo(layer, options) {
    const table = tableOf(layer);
    if (!table) return linearFit(layer);
    const { block } = blockwiseOf(options);
    return table.width % block === 0
      ? tableFit(layer)
      : doesNotFit(`Its rows of ${table.width} do not divide into blocks of ${block}.`);
  },
  estimate(layer, options) {
    const linear = linearOf(layer);
    const table = tableOf(layer);
    if (table) return replaced(layer, table.weight, packedBytes(table.width, table.rows, options));
    return linear
      ? replaced(layer, linear.weight, packedBytes(linear.k, linear.n, options))
      : replaced(layer, undefined, 0);
  },
  edits: (bench, layers, options) => [
    ...layers.flatMap((layer) => layerEdits(bench, layer, options)),
    { kind: 'importOpset', domain: contrib, version: 1 },
  ],
});

function blockwiseOf({ bits, block, symmetric }: Params): BlockwiseOptions {
  return { bits: Number(bits) as Bits, block: Number(block), symmetric };
}

/** Codes, scales and zero points of n channels of k inputs. */
function packedBytes(k: number, n: number, options: Params): number {
  const { bits, block, symmetric } = blockwiseOf(options);
  const blocks = Math.ceil(k / block);
  const zeroPoints = symmetric ? 0 : n * Math.ceil((blocks * bits) / 8);
  return (n * blocks * block * bits) / 8 + 4 * n * blocks + zeroPoints;
}

function layerEdits(bench: Workbench, layer: Layer, options: Params): readonly Edit[] {
  const table = tableOf(layer);
  if (table) return tableEdits(bench, layer, table, options);
  const linear = linearOf(layer);
  return linear ? productEdits(bench, layer, linear, options) : [];
}

/** Packed weight, scales and zero points as the runtime's kernels take them, with the names of those that there are. */
function packedTensors(
  { names, remember }: Workbench,
  layer: Layer,
  { name, k, n, read }: { name: string; k: number; n: number; read: () => Float32Array },
  options: Params,
): { edits: Edit[]; inputs: readonly string[] } {
  const blockwise = blockwiseOf(options);
  const { bits, block, symmetric } = blockwise;
  const blocks = Math.ceil(k / block);
  const quantize = remember(() =>
    quantizeBlockwise(read(), k, n, blockwise, grids[options.rounding](blockwise)),
  );
  const codes = computedTensor(
    names.fresh(`${name}_Q${bits}`),
    'uint8',
    [n, blocks, (block * bits) / 8],
    () => packCodes(quantize()),
  );
  const scales = computedTensor(
    names.fresh(`${name}_scales`),
    'float32',
    [n, blocks],
    () => quantize().scales,
  );
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const zeroPoints = computedTensor(
    names.fresh(`${name}_zero_points`),
    'uint8',
    [n, rowBytes],
    () => packZeroPoints(quantize()),
  );
  const tensors = symmetric ? [codes, scales] : [codes, scales, zeroPoints];
  const { scope } = layer.main;
  return {
    edits: tensors.map((tensor) => ({ kind: 'setTensor', scope, tensor })),
    inputs: tensors.map((tensor) => tensor.name),
  };
}

function productEdits(
  bench: Workbench,
  layer: Layer,
  linear: Linear,
  options: Params,
): readonly Edit[] {
  const { node, weight, k, n, bias } = linear;
  const { bits, block } = blockwiseOf(options);
  const read = () => readWeight(linear, bench.open);
  const packed = packedTensors(bench, layer, { name: weight.name, k, n, read }, options);
  const base = node.name || layer.main.id;
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const product = bias ? bench.names.fresh(`${base}_product`) : output;
  const name = bench.names.fresh(`${base}_Q${bits}`);
  const attributes = { K: k, N: n, bits, block_size: block, accuracy_level: integerCompute };
  return [
    ...packed.edits,
    {
      kind: 'replaceNode',
      entry: layer.main,
      nodes: [
        makeNode('MatMulNBits', [input, ...packed.inputs], [product], {
          name,
          domain: contrib,
          ...attributes,
        }),
        ...(bias
          ? [makeNode('Add', [product, bias], [output], { name: bench.names.fresh(`${base}_Add`) })]
          : []),
      ],
    },
  ];
}

/** A table's rows are its channels, so it is packed as the transposed weight of a product. */
function tableEdits(
  bench: Workbench,
  layer: Layer,
  table: Table,
  options: Params,
): readonly Edit[] {
  const { weight, rows, width } = table;
  const { node } = layer.main;
  const { bits, block } = blockwiseOf(options);
  const read = () => transpose(floatValues(weight.tensor, bench.open), rows, width);
  const packed = packedTensors(
    bench,
    layer,
    { name: weight.name, k: width, n: rows, read },
    options,
  );
  const [, indices = ''] = node.inputs;
  const name = bench.names.fresh(`${node.name || layer.main.id}_Q${bits}`);
  // The operator takes the codes as a matrix; MatMulNBits has the blocks as an axis of their own.
  const edits = packed.edits.map((edit) =>
    edit.kind === 'setTensor' && edit.tensor.name === packed.inputs[0]
      ? { ...edit, tensor: { ...edit.tensor, shape: [rows, (width * bits) / 8] } }
      : edit,
  );
  const [codes = '', scales = '', ...zeroPoints] = packed.inputs;
  const attributes = { bits, block_size: block, gather_axis: 0, quantize_axis: 1 };
  return [
    ...edits,
    {
      kind: 'replaceNode',
      entry: layer.main,
      nodes: [
        makeNode('GatherBlockQuantized', [codes, indices, scales, ...zeroPoints], node.outputs, {
          name,
          domain: contrib,
          ...attributes,
        }),
      ],
    },
  ];
}
