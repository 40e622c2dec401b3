import { makeNode } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Layer } from '../structure/structure';
import { defineAction, doesNotFit, type Workbench } from './action';
import { evenInput } from './evenInputs';
import { type QuantizedWeight, sharedWeight, tiedWeight } from './int8Weights';
import { linearFit, linearOf, replaced, type Linear } from './linear';
import type { ParamsOf } from '../protocol/params';
import { raise } from './prepare/convertOpset';
import { isRecurrent, recurrentEdits, recurrentFit, recurrentSaving } from './recurrent';
import { quantizeRows, type QuantizedRows, rowBytes, tableFit, tableOf } from './table';

const params = {
  reduceRange: {
    kind: 'boolean',
    title: 'Seven bits',
    help: 'For x86 processors without VNNI, whose 8-bit products overflow: weights use −64 to 64.',
    default: false,
  },
  evenInputs: {
    kind: 'boolean',
    title: 'Even out inputs',
    help: 'Divides channels that a norm lets stand far out, and multiplies the weight’s rows: one scale then serves all of the input.',
    default: true,
  },
} as const;

/** That DynamicQuantizeLinear came with. */
const neededOpset = 11;

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
    const own = [
      ...layers.flatMap((layer) => quantizeRows(bench, layer, tables)),
      ...recurrentEdits(bench, layers.filter(isRecurrent), options.reduceRange),
      ...linearEdits(bench, layers, tables, options),
    ];
    const written = own.flatMap((edit) => (edit.kind === 'replaceNode' ? [edit.entry] : []));
    const needsOpset = own.some((edit) => edit.kind === 'importOpset' && edit.domain === '');
    // Older nodes are written otherwise: Clip had its limits as attributes.
    return needsOpset ? [...raise(bench, neededOpset, new Set(written)), ...own] : own;
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
    const tied = tiedWeight(bench, layer, linear, tables);
    const known = inputs.get(key);
    const quantized = known ?? quantizeInput(bench, layer, input, options.evenInputs && !tied);
    inputs.set(key, quantized);
    const weight =
      tied ??
      sharedWeight(bench, layer, linear, {
        weights,
        reduceRange: options.reduceRange,
        factors: quantized.factors,
      });
    const before = known ? [] : quantized.edits;
    return [...before, ...weight.edits, ...productEdits(bench, layer, linear, quantized, weight)];
  });
}

interface QuantizedInput {
  readonly codes: string;
  readonly scale: string;
  readonly zeroPoint: string;
  /** What the input's channels were divided by, if they were. */
  readonly factors: Float32Array | undefined;
  readonly edits: readonly Edit[];
}

function quantizeInput(
  bench: Workbench,
  layer: Layer,
  input: string,
  mayEven: boolean,
): QuantizedInput {
  const { names } = bench;
  const even = mayEven ? evenInput(bench, layer) : undefined;
  const source = even?.output ?? input;
  const codes = names.fresh(`${input}_quantized`);
  const scale = names.fresh(`${input}_scale`);
  const zeroPoint = names.fresh(`${input}_zero_point`);
  const name = names.fresh(`${input}_QuantizeLinear`);
  const quantize = makeNode('DynamicQuantizeLinear', [source], [codes, scale, zeroPoint], { name });
  const { scope } = layer.main;
  const evening: Edit[] = even ? [{ kind: 'setTensor', scope, tensor: even.tensor }] : [];
  const nodes = even ? [even.node, quantize] : [quantize];
  return {
    ...{ codes, scale, zeroPoint, factors: even?.factors },
    edits: [...evening, { kind: 'insertBefore', entry: layer.main, nodes }],
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
    names.fresh(what),
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
    { kind: 'importOpset', domain: '', version: neededOpset },
  ];
}
