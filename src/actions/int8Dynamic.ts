import { makeNode } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Node } from '../onnx/model';
import type { Layer } from '../structure/structure';
import { defineAction, doesNotFit, type Workbench } from './action';
import { type QuantizedWeight, sharedWeight, tiedWeight } from './int8Weights';
import { linearFit, linearOf, replaced, type Linear } from './linear';
import type { ParamsOf } from '../protocol/params';
import { isRecurrent, recurrentEdits, recurrentFit, recurrentSaving } from './recurrent';
import { quantizeRows, type QuantizedRows, rowBytes, tableFit, tableOf } from './table';

const params = {
  reduceRange: {
    kind: 'boolean',
    title: 'Seven bits',
    help: 'For x86 processors without VNNI, whose 8-bit products overflow: weights use −64 to 64.',
    default: false,
  },
} as const;

/**
 * Int8 weights, activations quantized at run time: DynamicQuantizeLinear, MatMulInteger, Cast, Mul. The runtime fuses these into
 * DynamicQuantizeMatMul, or into MatMulIntegerToFloat where several products share one quantized input. Weights are signed and
 * symmetric with one scale per output channel: unsigned ones take twice as long on processors with VNNI.
 */
export const int8Dynamic = defineAction({
  title: 'int8, dynamic',
  about: 'Weights and activations in 8-bit integers, scales of the activations found at run time.',
  group: 'quantize',
  speed: 'faster',
  data: 'none',
  params,
  appliesTo(layer) {
    if (layer.part === 'convolution') {
      return doesNotFit(
        'Convolutions get slower with dynamic scales (6 to 12 times): use int8 static.',
      );
    }
    if (isRecurrent(layer)) return recurrentFit(layer);
    return tableOf(layer) ? tableFit(layer) : linearFit(layer);
  },
  estimate(layer) {
    if (isRecurrent(layer)) return recurrentSaving(layer);
    const linear = linearOf(layer);
    const table = tableOf(layer);
    if (table) return replaced(layer, table.weight, rowBytes(table));
    return linear
      ? replaced(layer, linear.weight, linear.n * (linear.k + 4))
      : replaced(layer, undefined, 0);
  },
  edits(bench, layers, options) {
    const tables: QuantizedRows[] = [];
    return [
      ...layers.flatMap((layer) => quantizeRows(bench, layer, tables)),
      ...recurrentEdits(bench, layers.filter(isRecurrent), options.reduceRange),
      ...linearEdits(bench, layers, tables, options),
    ];
  },
});

function linearEdits(
  bench: Workbench,
  layers: readonly Layer[],
  tables: readonly QuantizedRows[],
  options: ParamsOf<typeof params>,
): Edit[] {
  const inputs = new Map<string, QuantizedInput>();
  const weights: QuantizedWeight[] = [];
  return layers.flatMap((layer) => {
    const linear = linearOf(layer);
    if (!linear) return [];
    const [input = ''] = linear.node.inputs;
    const key = `${bench.structure.index.scopes.indexOf(layer.main.scope)} ${input}`;
    const known = inputs.get(key);
    const quantized = known ?? quantizeInput(bench, input);
    inputs.set(key, quantized);
    const before: Edit[] = known
      ? []
      : [{ kind: 'insertBefore', entry: layer.main, nodes: [quantized.node] }];
    const weight =
      tiedWeight(bench, layer, linear, tables) ??
      sharedWeight(bench, layer, linear, { weights, reduceRange: options.reduceRange });
    return [...before, ...weight.edits, ...productEdits(bench, layer, linear, quantized, weight)];
  });
}

interface QuantizedInput {
  readonly node: Node;
  readonly codes: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

function quantizeInput({ names }: Workbench, input: string): QuantizedInput {
  const codes = names.fresh(`${input}_quantized`);
  const scale = names.fresh(`${input}_scale`);
  const zeroPoint = names.fresh(`${input}_zero_point`);
  const name = names.fresh(`${input}_QuantizeLinear`);
  return {
    node: makeNode('DynamicQuantizeLinear', [input], [codes, scale, zeroPoint], { name }),
    codes,
    scale,
    zeroPoint,
  };
}

function productEdits(
  { names }: Workbench,
  { main }: Layer,
  { node, bias }: Linear,
  input: QuantizedInput,
  weight: { readonly codes: string; readonly scales: string },
): Edit[] {
  const [output = ''] = node.outputs;
  const [product, floats, scales, scaled] = ['product', 'float', 'scales', 'scaled'].map((what) =>
    names.fresh(`${output}_${what}`),
  ) as [string, string, string, string];
  const last = bias ? scaled : output;
  const nodes = [
    makeNode('MatMulInteger', [input.codes, weight.codes, input.zeroPoint], [product], {
      name: names.fresh(`${node.name || main.id}_quantized`),
    }),
    makeNode('Cast', [product], [floats], { to: 1 }),
    makeNode('Mul', [input.scale, weight.scales], [scales]),
    makeNode('Mul', [floats, scales], [last]),
    ...(bias ? [makeNode('Add', [last, bias], [output])] : []),
  ];
  return [
    { kind: 'replaceNode', entry: main, nodes },
    { kind: 'importOpset', domain: '', version: 11 },
  ];
}
