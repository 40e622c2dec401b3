import { computedTensor, makeNode, makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { Layer } from '../../structure/structure';
import type { Workbench } from '../action';
import type { Linear } from '../linear';
import type { Matrix } from './matrices';
import type { Packed } from './pack';

const contrib = 'com.microsoft';
/** Activations are quantized to 8 bits inside the product: the only level at which every width has a fast kernel. */
const integerCompute = 4;

/** Names of the stored parts; `zeroPoints` is '' where there are none. */
interface Stored {
  readonly codes: string;
  readonly scales: string;
  readonly zeroPoints: string;
}

/** The matrix stored as codes and scales, and its layers made to read those. */
export function matrixEdits(bench: Workbench, matrix: Matrix, packed: () => Packed): Edit[] {
  const { products, tables } = matrix;
  const asTable = tables.length > 0;
  const { edits, stored } = storedParts(bench, matrix, packed, asTable);
  return [
    ...edits,
    ...tables.map(({ layer }) => tableEdit(bench, matrix, layer, stored)),
    ...products.flatMap(({ layer, linear }) =>
      asTable
        ? tiedProductEdits(bench, matrix, layer, linear, stored)
        : [productEdit(bench, matrix, layer, linear, stored)],
    ),
  ];
}

/** Look-ups take the codes of a row side by side; products have its blocks as an axis of their own. */
function storedParts(
  { names }: Workbench,
  { name, scope, k, n, options }: Matrix,
  packed: () => Packed,
  asTable: boolean,
): { edits: Edit[]; stored: Stored } {
  const { bits, block, symmetric } = options;
  const blocks = Math.ceil(k / block);
  const blockBytes = (block * bits) / 8;
  const codes = computedTensor(
    names.fresh(`${name}_Q${bits}`),
    'uint8',
    asTable ? [n, blocks * blockBytes] : [n, blocks, blockBytes],
    () => packed().codes,
  );
  const scales = computedTensor(
    names.fresh(`${name}_scales`),
    'float32',
    [n, blocks],
    () => packed().scales,
  );
  const zeroPoints = computedTensor(
    names.fresh(`${name}_zero_points`),
    'uint8',
    [n, Math.ceil((blocks * bits) / 8)],
    () => packed().zeroPoints,
  );
  const tensors = symmetric ? [codes, scales] : [codes, scales, zeroPoints];
  return {
    edits: tensors.map((tensor) => ({ kind: 'setTensor', scope, tensor })),
    stored: {
      codes: codes.name,
      scales: scales.name,
      zeroPoints: symmetric ? '' : zeroPoints.name,
    },
  };
}

function tableEdit(
  { names }: Workbench,
  { options: { bits, block } }: Matrix,
  { main, id }: Layer,
  { codes, scales, zeroPoints }: Stored,
): Edit {
  const { node } = main;
  const [, indices = ''] = node.inputs;
  const inputs = [codes, indices, scales, ...(zeroPoints ? [zeroPoints] : [])];
  const attributes = { bits, block_size: block, gather_axis: 0, quantize_axis: 1 };
  const name = names.fresh(`${node.name || id}_Q${bits}`);
  return {
    kind: 'replaceNode',
    entry: main,
    nodes: [
      makeNode('GatherBlockQuantized', inputs, node.outputs, {
        ...{ name, domain: contrib, ...attributes },
      }),
    ],
  };
}

/** The runtime makes the other shape once, when it loads the model. */
function tiedProductEdits(
  bench: Workbench,
  matrix: Matrix,
  layer: Layer,
  linear: Linear,
  stored: Stored,
): Edit[] {
  const { names } = bench;
  const { k, n, scope, options } = matrix;
  const { bits, block } = options;
  const shape = BigInt64Array.of(
    BigInt(n),
    BigInt(Math.ceil(k / block)),
    BigInt((block * bits) / 8),
  );
  const shapeName = names.fresh(`${stored.codes}_shape`);
  const codes = names.fresh(`${stored.codes}_blocks`);
  const name = names.fresh(`${stored.codes}_Reshape`);
  return [
    { kind: 'setTensor', scope, tensor: makeTensor(shapeName, 'int64', [3], shape) },
    {
      kind: 'insertBefore',
      entry: layer.main,
      nodes: [makeNode('Reshape', [stored.codes, shapeName], [codes], { name })],
    },
    productEdit(bench, matrix, layer, linear, { ...stored, codes }),
  ];
}

function productEdit(
  { names }: Workbench,
  { k, n, options: { bits, block } }: Matrix,
  { main, id }: Layer,
  { node, bias }: Linear,
  { codes, scales, zeroPoints }: Stored,
): Edit {
  const base = node.name || id;
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const product = bias ? names.fresh(`${base}_product`) : output;
  const inputs = [input, codes, scales, ...(zeroPoints ? [zeroPoints] : [])];
  const attributes = { K: k, N: n, bits, block_size: block, accuracy_level: integerCompute };
  const multiply = makeNode('MatMulNBits', inputs, [product], {
    ...{ name: names.fresh(`${base}_Q${bits}`), domain: contrib, ...attributes },
  });
  const add = makeNode('Add', [product, bias], [output], { name: names.fresh(`${base}_Add`) });
  return { kind: 'replaceNode', entry: main, nodes: bias ? [multiply, add] : [multiply] };
}
