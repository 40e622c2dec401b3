import type { ScaleLadder } from '../../kernels/scaleCodes';
import { computedTensor, makeNode, makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { NodeEntry, Scope } from '../../onnx/graph';
import type { Node, Tensor } from '../../onnx/model';
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
export function matrixEdits(
  bench: Workbench,
  matrix: Matrix,
  packed: () => Packed,
  byteScales: boolean,
): Edit[] {
  const { products, tables, scope } = matrix;
  // Where scales are computed the codes must be, too: without optimisations the kernel would take the one before it has the other.
  const flat = tables.length > 0 || byteScales;
  const codes = codesOf(bench, matrix, packed, flat);
  const zeroPoints = matrix.options.symmetric ? [] : [zeroPointsOf(bench, matrix, packed)];
  const scales = byteScales
    ? byteScalesOf(bench, matrix, packed)
    : floatScalesOf(bench, matrix, packed);
  const blocks = flat && products.length > 0 ? blockedCodes(bench, matrix, codes.name) : undefined;
  const stored = { scales: scales.name, zeroPoints: zeroPoints[0]?.name ?? '' };
  const tensors = [codes, ...scales.tensors, ...zeroPoints, ...(blocks?.tensors ?? [])];
  const [first] = [...tables, ...products];
  const made = [...scales.nodes, ...(blocks?.nodes ?? [])];
  return [
    ...tensors.map((tensor): Edit => ({ kind: 'setTensor', scope, tensor })),
    ...(first && made.length > 0
      ? [{ kind: 'insertBefore', entry: firstOf(matrix), nodes: made } satisfies Edit]
      : []),
    ...tables.map(({ layer }) => tableEdit(bench, matrix, layer, { ...stored, codes: codes.name })),
    ...products.map(({ layer, linear }) =>
      productEdit(bench, matrix, layer, linear, { ...stored, codes: blocks?.name ?? codes.name }),
    ),
  ];
}

/** The node of the storing graph that reads it first, itself or in a body: what all read is made before it. */
function firstOf({ tables, products, scope }: Matrix): NodeEntry {
  const entries = [...tables, ...products].map(({ layer }) => holderIn(scope, layer.main));
  return entries.reduce((a, b) => (b.index < a.index ? b : a));
}

function holderIn(scope: Scope, entry: NodeEntry): NodeEntry {
  let at = entry;
  while (at.scope !== scope && at.scope.owner) at = at.scope.owner;
  return at;
}

/** A value, and what it takes to make it. */
interface Made {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly nodes: readonly Node[];
}

/** Look-ups take the codes of a row side by side; products have its blocks as an axis of their own. */
function codesOf(
  { names }: Workbench,
  { name, k, n, options: { bits, block } }: Matrix,
  packed: () => Packed,
  flat: boolean,
): Tensor {
  const blocks = Math.ceil(k / block);
  const bytes = (block * bits) / 8;
  const shape = flat ? [n, blocks * bytes] : [n, blocks, bytes];
  return computedTensor(names.fresh(`${name}_Q${bits}`), 'uint8', shape, () => packed().codes);
}

function zeroPointsOf(
  { names }: Workbench,
  { name, k, n, options: { bits, block } }: Matrix,
  packed: () => Packed,
): Tensor {
  const shape = [n, Math.ceil((Math.ceil(k / block) * bits) / 8)];
  const fresh = names.fresh(`${name}_zero_points`);
  return computedTensor(fresh, 'uint8', shape, () => packed().zeroPoints);
}

function floatScalesOf(
  { names }: Workbench,
  { name, k, n, options: { block } }: Matrix,
  packed: () => Packed,
): Made {
  const shape = [n, Math.ceil(k / block)];
  const fresh = names.fresh(`${name}_scales`);
  const tensor = computedTensor(fresh, 'float32', shape, () => packed().scales);
  return { name: fresh, tensors: [tensor], nodes: [] };
}

/** exp(code · step + offset), which the runtime computes once, when it loads the model. */
function byteScalesOf(
  { names }: Workbench,
  { name, k, n, options: { block } }: Matrix,
  packed: () => Packed,
): Made {
  const named = (what: string) => names.fresh(`${name}_scale_${what}`);
  const shape = [n, Math.ceil(k / block)];
  const ladder = () => {
    const { ladder } = packed();
    if (!ladder) throw new Error(`${name}: its scales are not in bytes.`);
    return ladder;
  };
  // Two numbers are kept for good: they may be written long after the codes, which would have to be computed again.
  let known: ScaleLadder | undefined;
  const codes = computedTensor(named('codes'), 'uint8', shape, () => {
    known = ladder().of;
    return ladder().codes;
  });
  const scalar = (what: 'step' | 'offset') =>
    computedTensor(named(what), 'float32', [], () =>
      Float32Array.of((known ??= ladder().of)[what]),
    );
  const [step, offset] = [scalar('step'), scalar('offset')];
  const [floats, steps, powers] = [named('floats'), named('steps'), named('powers')];
  const scales = names.fresh(`${name}_scales`);
  return {
    name: scales,
    tensors: [codes, step, offset],
    nodes: [
      makeNode('Cast', [codes.name], [floats], { name: named('Cast'), to: 1 }),
      makeNode('Mul', [floats, step.name], [steps], { name: named('Mul') }),
      makeNode('Add', [steps, offset.name], [powers], { name: named('Add') }),
      makeNode('Exp', [powers], [scales], { name: named('Exp') }),
    ],
  };
}

function blockedCodes(
  { names }: Workbench,
  { k, n, options: { bits, block } }: Matrix,
  codes: string,
): Made {
  const sizes = [n, Math.ceil(k / block), (block * bits) / 8];
  const shape = makeTensor(
    ...([names.fresh(`${codes}_shape`), 'int64', [3]] as const),
    BigInt64Array.from(sizes, BigInt),
  );
  const name = names.fresh(`${codes}_blocks`);
  const reshape = makeNode('Reshape', [codes, shape.name], [name], {
    name: names.fresh(`${codes}_Reshape`),
  });
  return { name, tensors: [shape], nodes: [reshape] };
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
