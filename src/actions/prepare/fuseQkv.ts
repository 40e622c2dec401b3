import { computedTensor, makeNode } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, type NodeEntry, type Scope } from '../../onnx/graph';
import type { Node, Tensor } from '../../onnx/model';
import { floatValues } from '../../onnx/weights';
import type { Layer } from '../../structure/structure';
import { defineAction, doesNotFit, fits, type Workbench } from '../action';
import { Constants, storedFloats } from './constants';
import { exact, isOp, isOutput, standardOpset } from './whole';

/** Products of one input with weights of their own become one product with all weights side by side, split afterwards. */
export const fuseQkv = defineAction({
  ...exact,
  scope: 'model',
  speed: 'slower',
  speedNote:
    'Splitting the result costs more than one product saves: on MiniLM in int8 it takes 1 to 9 % longer.',
  title: 'Fuse products of one input',
  about:
    'Makes one product of queries, keys and values, so that their input is quantized and read once; the answers stay equal.',
  params: {},
  appliesTo: (layer) =>
    productOf(layer.main)
      ? fits
      : doesNotFit('It is no product with a stored float32 matrix, or its result is given out.'),
  edits: (bench, layers) => groupsOf(layers).flatMap((group) => fused(bench, group)),
});

/** A product and the sum with its bias, if that is all that reads it. */
interface Product {
  readonly entry: NodeEntry;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  /** The Add of the bias. */
  readonly sum: NodeEntry | undefined;
  /** What both make. */
  readonly output: string;
  readonly k: number;
  readonly n: number;
}

function productOf(entry: NodeEntry): Product | undefined {
  const { node, scope } = entry;
  const [output = ''] = node.outputs;
  const weight = isOp(entry, 'MatMul') ? storedFloats(scope, node.inputs[1] ?? '') : undefined;
  const [k, n, ...more] = weight?.shape ?? [];
  if (!weight || k === undefined || n === undefined || more.length > 0 || isOutput(scope, output)) {
    return undefined;
  }
  const [sum, ...others] = consumersOf(scope, output);
  const bias = sum && others.length === 0 ? biasOf(sum, output, n) : undefined;
  const made = bias ? (sum?.node.outputs[0] ?? '') : output;
  if (isOutput(scope, made)) return undefined;
  return { entry, weight, bias, sum: bias && sum, output: made, k, n };
}

function biasOf(sum: NodeEntry, product: string, n: number): Tensor | undefined {
  const other = sum.node.inputs.find((name) => name !== product) ?? '';
  const bias = isOp(sum, 'Add') ? storedFloats(sum.scope, other) : undefined;
  return bias?.shape.length === 1 && bias.shape[0] === n ? bias : undefined;
}

/** Products of the layers that read one value, where there are several and all or none have a bias. */
function groupsOf(layers: readonly Layer[]): Product[][] {
  const groups = new Map<Scope, Map<string, Product[]>>();
  for (const { part, main } of layers) {
    const product = part === 'attention' ? productOf(main) : undefined;
    if (!product) continue;
    const { scope, node } = main;
    const byInput = groups.get(scope) ?? new Map<string, Product[]>();
    groups.set(scope, byInput);
    const key = `${node.inputs[0] ?? ''} ${product.bias ? 'biased' : ''}`;
    byInput.set(key, [...(byInput.get(key) ?? []), product]);
  }
  return [...groups.values()].flatMap((byInput) =>
    [...byInput.values()].filter((group) => group.length > 1),
  );
}

function fused(bench: Workbench, group: readonly Product[]): Edit[] {
  const [first] = group;
  if (!first) return [];
  const { scope, node } = first.entry;
  const { names } = bench;
  const n = group.reduce((sum, each) => sum + each.n, 0);
  const weight = beside(bench, group, n);
  const product = names.fresh(`${first.output}_fused`);
  const [input = ''] = node.inputs;
  const nodes: Node[] = [{ ...node, inputs: [input, weight.name], outputs: [product] }];
  const edits: Edit[] = [{ kind: 'setTensor', scope, tensor: weight }];
  let last = product;
  if (first.bias) {
    const bias = biases(bench, group, n);
    last = names.fresh(`${first.output}_biased`);
    nodes.push(makeNode('Add', [product, bias.name], [last], { name: last }));
    edits.push({ kind: 'setTensor', scope, tensor: bias });
  }
  const constants = new Constants(bench, scope);
  const split = splitOf(bench, constants, last, group);
  return [
    ...edits,
    ...constants.edits,
    { kind: 'replaceNode', entry: first.entry, nodes: [...nodes, split] },
    ...group.flatMap(({ entry, sum }): Edit[] => [
      ...(entry === first.entry ? [] : [{ kind: 'replaceNode' as const, entry, nodes: [] }]),
      ...(sum ? [{ kind: 'replaceNode' as const, entry: sum, nodes: [] }] : []),
    ]),
  ];
}

function splitOf(
  bench: Workbench,
  constants: Constants,
  input: string,
  group: readonly Product[],
): Node {
  const sizes = group.map((each) => each.n);
  const outputs = group.map((each) => each.output);
  const name = bench.names.fresh(`${input}_Split`);
  // The sizes became an input with version 13.
  if (standardOpset(bench) < 13) {
    return makeNode('Split', [input], outputs, { name, axis: -1, split: sizes });
  }
  const list = constants.integers(`${input}_sizes`, sizes);
  return makeNode('Split', [input, list], outputs, { name, axis: -1 });
}

/** All weights [K, N] in one, row by row. */
function beside(
  { names, remember, open }: Workbench,
  group: readonly Product[],
  n: number,
): Tensor {
  const k = group[0]?.k ?? 0;
  const join = remember(() => {
    const all = new Float32Array(k * n);
    let from = 0;
    for (const { weight, n: width } of group) {
      const values = floatValues(weight, open);
      for (let row = 0; row < k; row++) {
        all.set(values.subarray(row * width, (row + 1) * width), row * n + from);
      }
      from += width;
    }
    return all;
  });
  const name = names.fresh(`${group[0]?.weight.name ?? 'weight'}_fused`);
  return computedTensor(name, 'float32', [k, n], join);
}

function biases({ names, open }: Workbench, group: readonly Product[], n: number): Tensor {
  const name = names.fresh(`${group[0]?.bias?.name ?? 'bias'}_fused`);
  return computedTensor(name, 'float32', [n], () => {
    const all = group.flatMap(({ bias }) => (bias ? [...floatValues(bias, open)] : []));
    return Float32Array.from(all);
  });
}
