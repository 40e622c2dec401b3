import {
  blockMaxima,
  type Codebook,
  codebooks,
  doubleDequantize,
  doubleQuantize,
  packHighFirst,
  quantizeCodebook,
  scaleGroup,
} from '../kernels/codebook4';
import { computedTensor, makeNode } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Layer } from '../structure/structure';
import { transpose } from '../tensor/linalg';
import type { Workbench } from './action';
import { type ByteTable, type Factors, foldedCodes, newLine, storedFactors } from './foldedCodes';
import { linearOf, type Linear } from './linear';
import { type Restoring, type Rows, valuesByRow } from './restored';

export interface CodebookOptions {
  readonly codes: Codebook;
  readonly block: number;
  readonly doubleQuantization: boolean;
}

/** Codes and scales of one weight, computed once. */
function quantizer(
  { remember }: Workbench,
  read: () => Float32Array,
  { codes, block, doubleQuantization }: CodebookOptions,
) {
  return remember(() => {
    const values = read();
    const maxima = blockMaxima(values, block);
    const double = doubleQuantize(maxima);
    const kept = doubleQuantization ? doubleDequantize(double) : maxima;
    return { double, ...quantizeCodebook(values, codes, block, kept) };
  });
}

type Quantizer = ReturnType<typeof quantizer>;

/** Nodes that make the weight's floats when the model is loaded. */
export function expanded(
  bench: Workbench,
  rows: Rows,
  { byteTable, ...options }: CodebookOptions & { readonly byteTable: ByteTable },
  output: string,
): Restoring {
  const { weight, width } = rows;
  const quantize = quantizer(bench, () => valuesByRow(rows, bench.open), options);
  const codes = {
    kind: 'packed',
    bits: 4,
    values: codebooks[options.codes],
    pack: () => packHighFirst(quantize().codes),
  } as const;
  const factors = factorsOf(bench, weight.name, rows.rows * width, quantize, options);
  return foldedCodes(bench, rows, { codes, factors, byteTable }, output);
}

function factorsOf(
  bench: Workbench,
  name: string,
  elements: number,
  quantize: Quantizer,
  { block, doubleQuantization }: CodebookOptions,
): Factors {
  const count = Math.ceil(elements / block);
  if (!doubleQuantization) return storedFactors([count, block], () => quantize().absMax);
  const restore = (output: string) => doubled(bench, name, count, quantize, output);
  return { size: block, count, restore };
}

/** Scales [count, 1] from 8-bit codes, a scale for each group of them, and their mean. */
function doubled(
  bench: Workbench,
  name: string,
  count: number,
  quantize: Quantizer,
  output: string,
): Restoring {
  const { names } = bench;
  const groups = Math.ceil(count / scaleGroup);
  const line = newLine(bench, `${name}_scale`);
  const codes = () => {
    const filled = new Int8Array(groups * scaleGroup);
    filled.set(quantize().double.codes);
    return filled;
  };
  line.start(
    computedTensor(names.fresh(`${name}_scale_codes`), 'int8', [groups, scaleGroup], codes),
  );
  line.apply('Cast', [], { to: 1 });
  const scales = names.fresh(`${name}_scale_scale`);
  const read = () => quantize().double.scales;
  const offset = names.fresh(`${name}_scale_mean`);
  const mean = () => Float32Array.of(quantize().double.offset);
  line.include({
    tensors: [
      computedTensor(scales, 'float32', [groups, 1], read),
      computedTensor(offset, 'float32', [], mean),
    ],
    nodes: [],
  });
  line.apply('Mul', [scales]);
  line.apply('Add', [offset]);
  line.reshape(groups * scaleGroup, count, [count, 1]);
  return line.end(output);
}

/** MatMulBnb4 in the place of a product, which expands the whole weight at every call. */
export function slowProduct(bench: Workbench, layer: Layer, options: CodebookOptions): Edit[] {
  const linear = linearOf(layer);
  if (!linear) return [];
  const { names } = bench;
  const { node, weight, k, n, bias } = linear;
  const quantize = quantizer(bench, () => channels(linear, bench), options);
  const codes = names.fresh(`${weight.name}_codes`);
  const scales = names.fresh(`${weight.name}_scales`);
  const bytes = Math.ceil((k * n) / 2);
  const count = Math.ceil((k * n) / options.block);
  const restoring = flatScales(bench, weight.name, count, quantize, options, scales);
  const { scope } = layer.main;
  const [output = ''] = node.outputs;
  const product = bias ? names.fresh(`${output}_product`) : output;
  const tensors = [
    computedTensor(codes, 'uint8', [bytes], () => packHighFirst(quantize().codes)),
    ...restoring.tensors,
  ];
  const attributes = { K: k, N: n, block_size: options.block };
  return [
    ...tensors.map((tensor): Edit => ({ kind: 'setTensor', scope, tensor })),
    {
      kind: 'replaceNode',
      entry: layer.main,
      nodes: [
        ...restoring.nodes,
        makeNode('MatMulBnb4', [node.inputs[0] ?? '', codes, scales], [product], {
          name: names.fresh(`${node.name || layer.main.id}_4bit`),
          domain: 'com.microsoft',
          ...attributes,
          quant_type: options.codes === 'nf4' ? 1 : 0,
        }),
        ...(bias ? [makeNode('Add', [product, bias], [output])] : []),
      ],
    },
    { kind: 'importOpset', domain: 'com.microsoft', version: 1 },
  ];
}

/** Scales [count], under the name given. */
function flatScales(
  bench: Workbench,
  name: string,
  count: number,
  quantize: Quantizer,
  { doubleQuantization }: CodebookOptions,
  output: string,
): Restoring {
  if (!doubleQuantization) {
    return {
      tensors: [computedTensor(output, 'float32', [count], () => quantize().absMax)],
      nodes: [],
    };
  }
  const column = bench.names.fresh(`${name}_scale_column`);
  const line = newLine(bench, `${name}_scales`);
  const made = doubled(bench, name, count, quantize, column);
  line.include(made);
  line.follow(column);
  line.reshape(count, count, [count]);
  return line.end(output);
}

/** The weight [N, K], as MatMulBnb4 stores it. */
function channels({ stored, k, n, transposed, alpha }: Linear, { open }: Workbench): Float32Array {
  const values = stored.read(open);
  const plain = transposed ? values : transpose(values, k, n);
  return alpha === 1 ? plain : plain.map((value) => value * alpha);
}
