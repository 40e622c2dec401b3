import { makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, producerOf, type GraphIndex, type NodeEntry } from '../../onnx/graph';
import type { Tensor } from '../../onnx/model';
import { floatValues } from '../../onnx/weights';
import { observe } from '../../runtime/observe';
import type { Layer } from '../../structure/structure';
import { defineAction, doesNotFit, fits, type Workbench } from '../action';
import { addByChannel, type ChannelSums } from './channelMaxima';
import { storedFloats } from './constants';
import { isOp, unchanged } from './whole';

/** A mean that is off by less than this share of the largest one counts as right. */
const settled = 1e-6;

/**
 * Bias correction (Nagel et al. 2019, https://arxiv.org/abs/1906.04721): what rounding shifts the mean of a channel by, on data, is taken
 * off the bias, b ← b − (E[ŷ] − E[y]). All layers are corrected at once and held against the original again, until the means are
 * right: what layers before had shifted is then gone too.
 */
export const correctBias = defineAction({
  title: 'Correct biases',
  about:
    'Shifts the biases of quantized layers so that the mean of every channel is the original’s on your data; stands last in a recipe.',
  group: 'prepare',
  speed: 'same',
  data: 'needed',
  scope: 'model',
  params: {},
  appliesTo: (layer) =>
    sumOf(layer) ? fits : doesNotFit('It is not quantized, or has no float bias of its own.'),
  estimate: unchanged,
  async collect(bench, layers) {
    const sums = sumsOf(bench, layers);
    const names = sums.map(({ output }) => output);
    const [now, before] = [
      await meansOf(bench, bench.structure.index, names),
      await meansOf(bench, bench.original, names),
    ];
    const off = names.map((name) => {
      const [a, b] = [now.get(name), before.get(name)];
      return [name, a && b ? a.map((mean, i) => mean - (b[i] ?? 0)) : undefined] as const;
    });
    const largest = [...before.values()]
      .flatMap((means) => [...means])
      .reduce((most, mean) => Math.max(most, Math.abs(mean)), 0);
    return { off: new Map(off), limit: largest * settled };
  },
  edits: (bench, layers, _, found) =>
    sumsOf(bench, layers).flatMap((sum) => {
      const off = found?.off.get(sum.output);
      const isOff = off?.some((each) => Math.abs(each) > (found?.limit ?? 0));
      return off && isOff ? corrected(bench, sum, off) : [];
    }),
});

/** The sum of a quantized product and its bias. */
interface BiasSum {
  readonly entry: NodeEntry;
  readonly bias: Tensor;
  /** Which input the bias is. */
  readonly at: number;
  readonly output: string;
}

/** Layers whose weights are stored in few bits have scales. */
function sumOf(layer: Layer): BiasSum | undefined {
  const { main, nodes, weights } = layer;
  if (main.scope.parent || !weights.some(({ kind }) => kind === 'scale')) return undefined;
  for (const entry of nodes) {
    const at = entry.node.inputs.findIndex((name) => isVector(entry, name));
    const bias = at < 0 ? undefined : storedFloats(entry.scope, entry.node.inputs[at] ?? '');
    if (!bias || !isOp(entry, 'Add') || readsScale(entry)) continue;
    return { entry, bias, at, output: entry.node.outputs[0] ?? '' };
  }
  return undefined;
}

const isVector = ({ scope }: NodeEntry, name: string) =>
  storedFloats(scope, name)?.shape.length === 1;

/** Both inputs are stored: no sum of a product. */
const readsScale = ({ scope, node }: NodeEntry) =>
  node.inputs.every((name) => producerOf(scope, name) === undefined);

/** Those whose result the original makes too, under the same name, and whose bias is theirs alone. */
function sumsOf({ original }: Workbench, layers: readonly Layer[]): BiasSum[] {
  return layers.flatMap((layer) => {
    const sum = sumOf(layer);
    return sum && original.main.producers.has(sum.output) ? [sum] : [];
  });
}

/** Means by channel of values on all of the data, padding left out. */
async function meansOf(
  bench: Workbench,
  index: GraphIndex,
  names: readonly string[],
): Promise<ReadonlyMap<string, Float64Array>> {
  const sums = new Map<string, ChannelSums>();
  const { calibration } = bench;
  if (!calibration || names.length === 0) return new Map();
  const see: Parameters<typeof observe>[3] = (values) => {
    for (const [name, seen] of values) sums.set(name, addByChannel(seen, sums.get(name)));
  };
  await observe(index, calibration, names, see, bench);
  return new Map(
    [...sums].map(([name, { sums: total, rows }]) => [name, total.map((sum) => sum / rows)]),
  );
}

function corrected(
  { names, open }: Workbench,
  { entry, bias, at }: BiasSum,
  off: Float64Array,
): Edit[] {
  const { node, scope } = entry;
  const values = floatValues(bias, open).map((value, i) => value - (off[i] ?? 0));
  const isShared = consumersOf(scope, bias.name).length > 1;
  // Corrected again and again it keeps its name.
  const name =
    isShared || !bias.name.endsWith('_corrected')
      ? names.fresh(`${bias.name}_corrected`)
      : bias.name;
  const tensor = makeTensor(name, 'float32', bias.shape, values);
  const inputs = node.inputs.map((input, i) => (i === at ? name : input));
  return [
    { kind: 'setTensor', scope, tensor },
    { kind: 'replaceNode', entry, nodes: [{ ...node, inputs }] },
  ];
}
