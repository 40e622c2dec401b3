import { quantizeAffine } from '../kernels/affine';
import { computedTensor, makeNode, makeTensor } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Node } from '../onnx/model';
import type { Layer } from '../structure/structure';
import { defineAction, doesNotFit, type Workbench } from './action';
import { linearFit, linearOf, readWeight, replaced, type Linear } from './linear';
import type { ParamsOf } from '../protocol/params';
import { tableFit, tableOf, quantizeRows } from './table';

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
    return tableOf(layer) ? tableFit(layer) : linearFit(layer);
  },
  estimate(layer) {
    const linear = linearOf(layer);
    const table = tableOf(layer);
    if (table) return replaced(layer, table.weight, table.rows * (table.width + 4));
    return linear
      ? replaced(layer, linear.weight, linear.n * (linear.k + 5))
      : replaced(layer, undefined, 0);
  },
  edits: (bench, layers, options) => [
    ...layers.flatMap((layer) => (tableOf(layer) ? quantizeRows(bench, layer) : [])),
    ...linearEdits(
      bench,
      layers.filter((layer) => !tableOf(layer)),
      options,
    ),
  ],
});

function linearEdits(
  bench: Workbench,
  layers: readonly Layer[],
  options: ParamsOf<typeof params>,
): Edit[] {
  const inputs = new Map<string, QuantizedInput>();
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
    return [...before, ...productEdits(bench, layer, linear, quantized, options)];
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
  { names, open, remember }: Workbench,
  layer: Layer,
  linear: Linear,
  input: QuantizedInput,
  { reduceRange }: ParamsOf<typeof params>,
): Edit[] {
  const { node, weight, k, n, bias } = linear;
  const { scope } = layer.main;
  const base = node.name || layer.main.id;
  const name = (what: string) => names.fresh(`${base}_${what}`);
  const weightName = names.fresh(`${weight.name}_quantized`);
  const scaleName = names.fresh(`${weight.name}_scale`);
  const zeroName = names.fresh(`${weight.name}_zero_point`);
  const quantize = remember(() =>
    quantizeAffine(readWeight(linear, open), [k, n], {
      dtype: 'int8',
      symmetric: true,
      axis: 1,
      reduceRange,
    }),
  );
  const [output = ''] = node.outputs;
  const [product, floats, scales, scaled] = ['product', 'float', 'scales', 'scaled'].map(name) as [
    string,
    string,
    string,
    string,
  ];
  const last = bias ? scaled : output;
  return [
    {
      kind: 'setTensor',
      scope,
      tensor: computedTensor(weightName, 'int8', [k, n], () => quantize().codes),
    },
    {
      kind: 'setTensor',
      scope,
      tensor: computedTensor(scaleName, 'float32', [n], () => quantize().scales),
    },
    { kind: 'setTensor', scope, tensor: makeTensor(zeroName, 'int8', [n], new Int8Array(n)) },
    {
      kind: 'replaceNode',
      entry: layer.main,
      nodes: [
        makeNode('MatMulInteger', [input.codes, weightName, input.zeroPoint, zeroName], [product], {
          name: name('MatMulInteger'),
        }),
        makeNode('Cast', [product], [floats], { name: name('Cast'), to: 1 }),
        makeNode('Mul', [input.scale, scaleName], [scales], { name: name('Scales') }),
        makeNode('Mul', [floats, scales], [last], { name: name('Mul') }),
        ...(bias ? [makeNode('Add', [last, bias], [output], { name: name('Add') })] : []),
      ],
    },
    { kind: 'importOpset', domain: '', version: 11 },
  ];
}
