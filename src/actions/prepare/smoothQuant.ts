import { computedTensor, makeNode, makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, producerOf, type NodeEntry } from '../../onnx/graph';
import type { Tensor } from '../../onnx/model';
import { floatValues } from '../../onnx/weights';
import type { ParamsOf } from '../../protocol/params';
import { observable, observe } from '../../runtime/observe';
import type { Layer } from '../../structure/structure';
import { defineAction, doesNotFit, fits, type Workbench } from '../action';
import { readWeight, type Linear } from '../linear';
import { storedFloats } from './constants';
import { type Group, groupsOf, plainLinear } from './linearGroups';
import { isOp, isOutput, unchanged } from './whole';
import { largestByChannel } from './channelMaxima';

const params = {
  alpha: {
    kind: 'number',
    title: 'Share of the weights',
    help: 'How much of the spread of activations the weights take over: 0.5 evens both out, more helps where a few channels stand out far.',
    min: 0,
    max: 1,
    default: 0.5,
  },
} as const;

/** Smallest factor, as in the reference implementation. */
const least = 1e-5;

/**
 * SmoothQuant (Xiao et al. 2022, https://arxiv.org/abs/2211.10438): channel j of an input is divided by
 * s_j = max|X_j|^α / max|W_j|^(1−α), and the weights that read it are multiplied by it, so that both quantize well. Where only
 * linears read a LayerNormalization, its scale and shift take the division; elsewhere a Mul of its own does.
 */
export const smoothQuant = defineAction({
  title: 'Smooth activations',
  about:
    'Moves the spread of a few large activation channels into the weights before 8-bit quantization; the answers stay equal.',
  group: 'prepare',
  speed: 'same',
  data: 'needed',
  params,
  appliesTo: (layer) => {
    const linear = plainLinear(layer);
    if (!linear) return doesNotFit('It is no linear layer with a stored float32 weight.');
    return layer.main.scope.parent
      ? doesNotFit('Its input lies inside a body, where it cannot be watched.')
      : fits;
  },
  estimate: unchanged,
  async collect(bench, layers) {
    const inputs = [...new Set(groupsOf(layers).map(({ input }) => input))].filter((input) =>
      observable(bench.structure.index, input),
    );
    const maxima = new Map<string, Float64Array>();
    const { calibration } = bench;
    if (!calibration) return maxima;
    await observe(
      bench.structure.index,
      calibration,
      inputs,
      (values) => {
        for (const [name, seen] of values)
          maxima.set(name, largestByChannel(seen, maxima.get(name)));
      },
      bench,
    );
    return maxima;
  },
  edits: (bench, layers, options, maxima) =>
    groupsOf(layers).flatMap((group) => {
      const channels = maxima?.get(group.input);
      const isWhole = channels?.length === group.members[0]?.linear.k;
      return channels && isWhole ? smoothed(bench, group, channels, options) : [];
    }),
});

/** The factors of a group's input channels, [K]. */
function factorsOf(
  { open }: Workbench,
  { members }: Group,
  activations: Float64Array,
  { alpha }: ParamsOf<typeof params>,
): Float32Array {
  const weights = new Float64Array(activations.length);
  for (const { linear } of members) {
    const values = readWeight(linear, open);
    values.forEach((value, at) => {
      const channel = Math.floor(at / linear.n);
      weights[channel] = Math.max(weights[channel] ?? 0, Math.abs(value));
    });
  }
  return Float32Array.from(activations, (largest, channel) => {
    const weight = weights[channel] ?? 0;
    // A channel without activations or weights has nothing to even out.
    if (!(largest > 0) || !(weight > 0)) return 1;
    return Math.max(least, largest ** alpha / weight ** (1 - alpha));
  });
}

function smoothed(
  bench: Workbench,
  group: Group,
  activations: Float64Array,
  options: ParamsOf<typeof params>,
): Edit[] {
  const factors = factorsOf(bench, group, activations, options);
  const [first] = group.members;
  if (!first) return [];
  const norm = foldingNorm(first.layer.main, group);
  const divided = norm ? normEdits(bench, norm, factors) : mulEdits(bench, group, factors);
  const input = norm ? group.input : `${divided.name}`;
  return [
    ...divided.edits,
    ...group.members.flatMap(({ layer, linear }) =>
      weightEdits(bench, layer, linear, factors, input),
    ),
  ];
}

/** The norm that makes the input, where all its readers are linears of the group: scale and shift can then take the division. */
function foldingNorm({ scope }: NodeEntry, { input, members }: Group): NodeEntry | undefined {
  const norm = producerOf(scope, input);
  const isNorm =
    norm && isOp(norm, 'LayerNormalization', 'RMSNormalization') && norm.scope === scope;
  if (!isNorm || isOutput(scope, input)) return undefined;
  const own = new Set(members.map(({ layer }) => layer.main));
  const isAlone = consumersOf(scope, input).every((reader) => own.has(reader));
  const { inputs } = norm.node;
  const stored = inputs.slice(1).every((name) => name === '' || storedFloats(scope, name));
  return isAlone && stored ? norm : undefined;
}

interface Divided {
  readonly name: string;
  readonly edits: readonly Edit[];
}

function normEdits({ names, open }: Workbench, norm: NodeEntry, factors: Float32Array): Divided {
  const { node, scope } = norm;
  const edits: Edit[] = [];
  const inputs = node.inputs.map((name, i) => {
    const tensor = i > 0 ? storedFloats(scope, name) : undefined;
    if (!tensor) return name;
    const values = floatValues(tensor, open).map(
      (value, channel) => value / (factors[channel] ?? 1),
    );
    const smooth = makeTensor(names.fresh(`${name}_smooth`), 'float32', tensor.shape, values);
    edits.push({ kind: 'setTensor', scope, tensor: smooth });
    return smooth.name;
  });
  edits.push({ kind: 'replaceNode', entry: norm, nodes: [{ ...node, inputs }] });
  return { name: node.outputs[0] ?? '', edits };
}

/** A Mul of its own before all of the group, which divides its input by the factors, [K]. */
export function mulEdits(
  { names }: Workbench,
  { input, members }: Group,
  factors: Float32Array,
): Divided {
  const entries = members.map(({ layer }) => layer.main);
  const [first] = [...entries].sort((a, b) => a.index - b.index);
  const name = names.fresh(`${input}_smooth`);
  if (!first) return { name, edits: [] };
  const divisors = makeTensor(
    names.fresh(`${input}_divisors`),
    'float32',
    [factors.length],
    factors.map((factor) => 1 / factor),
  );
  const node = makeNode('Mul', [input, divisors.name], [name], { name });
  return {
    name,
    edits: [
      { kind: 'setTensor', scope: first.scope, tensor: divisors },
      { kind: 'insertBefore', entry: first, nodes: [node] },
    ],
  };
}

function weightEdits(
  { names, remember, open }: Workbench,
  { main }: Layer,
  { node, weight, transposed, k, n }: Linear,
  factors: Float32Array,
  input: string,
): Edit[] {
  const channel = (at: number) => (transposed ? at % k : Math.floor(at / n));
  const values = remember(() =>
    floatValues(weight.tensor, open).map((value, at) => value * (factors[channel(at)] ?? 1)),
  );
  const name = names.fresh(`${weight.name}_smooth`);
  const tensor: Tensor = computedTensor(name, 'float32', weight.tensor.shape, values);
  const inputs = [input, name, ...node.inputs.slice(2)];
  return [
    { kind: 'setTensor', scope: main.scope, tensor },
    { kind: 'replaceNode', entry: main, nodes: [{ ...node, inputs }] },
  ];
}
