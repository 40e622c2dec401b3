import { makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, type NodeEntry } from '../../onnx/graph';
import { floatValues } from '../../onnx/weights';
import type { Layer } from '../../structure/structure';
import { defineAction, doesNotFit, fits, type Workbench } from '../action';
import { channelsOf, type Channels } from './channels';
import { exact, isOp, isOutput } from './whole';

/** Rounds over all pairs; each brings the ranges of a chain closer together. */
const rounds = 20;
/** Factors this close to 1 are done. */
const settled = 1e-4;

/**
 * Cross-layer equalisation (Nagel et al. 2019, https://arxiv.org/abs/1906.04721): between two layers with nothing but ReLU between them,
 * channel i is divided by t_i in the first and multiplied in the second, t_i = sqrt(r1_i · r2_i) / r2_i, so that both have the range
 * sqrt(r1_i · r2_i) there.
 */
export const equalize = defineAction({
  ...exact,
  scope: 'model',
  title: 'Equalise layers',
  about:
    'Evens out the ranges of channels between two layers, which scales per tensor need; the answers stay equal.',
  params: {},
  appliesTo: ({ main }) =>
    pairFrom(main)
      ? fits
      : doesNotFit('No layer follows it alone, with nothing or a ReLU between the two.'),
  edits: (bench, layers) => {
    const pairs = pairsOf(layers);
    const values = new Map<NodeEntry, Weights>();
    for (const { first, second } of pairs) {
      for (const end of [first, second])
        if (!values.has(end.entry)) values.set(end.entry, read(bench, end));
    }
    const changed = even(pairs, values);
    return [...changed].flatMap((entry) => written(bench, entry, values.get(entry)));
  },
});

interface End {
  readonly entry: NodeEntry;
  readonly channels: Channels;
}

interface Pair {
  readonly first: End;
  readonly second: End;
}

/** The layer behind this one, where scaling a channel of the one can be undone in the other. */
function pairFrom(entry: NodeEntry): Pair | undefined {
  const channels = channelsOf(entry);
  if (!channels) return undefined;
  let at = entry;
  let next = onlyReader(at);
  while (next && isOp(next, 'Relu', 'LeakyRelu', 'Identity')) {
    at = next;
    next = onlyReader(at);
  }
  if (next?.scope !== entry.scope || next.node.inputs[0] !== at.node.outputs[0]) return undefined;
  const behind = channelsOf(next);
  return behind?.inputs === channels.outputs
    ? { first: { entry, channels }, second: { entry: next, channels: behind } }
    : undefined;
}

function onlyReader({ node, scope }: NodeEntry): NodeEntry | undefined {
  const [output = ''] = node.outputs;
  const [reader, ...others] = consumersOf(scope, output);
  return others.length === 0 && !isOutput(scope, output) ? reader : undefined;
}

/** Pairs whose weights nobody else reads: a shared weight can only have one scale. */
function pairsOf(layers: readonly Layer[]): Pair[] {
  const isOwn = ({ entry, channels }: End) =>
    [channels.weight, channels.bias].every(
      (tensor) => !tensor || consumersOf(entry.scope, tensor.name).length <= 1,
    );
  return layers.flatMap(({ main }) => {
    const pair = pairFrom(main);
    return pair && isOwn(pair.first) && isOwn(pair.second) ? [pair] : [];
  });
}

interface Weights {
  readonly channels: Channels;
  readonly weight: Float32Array;
  readonly bias: Float32Array | undefined;
}

function read({ open }: Workbench, { channels }: End): Weights {
  const { weight, bias } = channels;
  return {
    channels,
    weight: Float32Array.from(floatValues(weight, open)),
    bias: bias && Float32Array.from(floatValues(bias, open)),
  };
}

/** Evens out all pairs, round by round; the nodes whose weights changed. */
function even(pairs: readonly Pair[], values: ReadonlyMap<NodeEntry, Weights>): Set<NodeEntry> {
  const changed = new Set<NodeEntry>();
  for (let round = 0; round < rounds; round++) {
    let furthest = 0;
    for (const { first, second } of pairs) {
      const [one, other] = [values.get(first.entry), values.get(second.entry)];
      if (!one || !other) continue;
      const moved = evenPair(one, other);
      if (moved > settled) changed.add(first.entry).add(second.entry);
      furthest = Math.max(furthest, moved);
    }
    if (furthest <= settled) break;
  }
  return changed;
}

/** Scales both layers in place; how far from 1 the furthest factor was. */
function evenPair(one: Weights, other: Weights): number {
  const { outputs, outputOf } = one.channels;
  const { inputOf } = other.channels;
  const before = ranges(one.weight, outputs, outputOf);
  const behind = ranges(other.weight, outputs, inputOf);
  const factors = before.map((range, i) => {
    const next = behind[i] ?? 0;
    // A channel that is zero on one side has no range to share.
    return range > 0 && next > 0 ? Math.sqrt(range * next) / next : 1;
  });
  const furthest = factors.reduce((most, factor) => Math.max(most, Math.abs(factor - 1)), 0);
  if (furthest <= settled) return furthest;
  one.weight.forEach((value, at) => {
    one.weight[at] = value / (factors[outputOf(at)] ?? 1);
  });
  one.bias?.forEach((value, i) => {
    if (one.bias) one.bias[i] = value / (factors[i] ?? 1);
  });
  other.weight.forEach((value, at) => {
    other.weight[at] = value * (factors[inputOf(at)] ?? 1);
  });
  return furthest;
}

/** The largest magnitude of every channel. */
function ranges(
  values: Float32Array,
  channels: number,
  channelOf: (at: number) => number,
): Float64Array {
  const largest = new Float64Array(channels);
  values.forEach((value, at) => {
    const channel = channelOf(at);
    largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(value));
  });
  return largest;
}

function written({ names }: Workbench, entry: NodeEntry, weights: Weights | undefined): Edit[] {
  if (!weights) return [];
  const { node, scope } = entry;
  const { weight, bias } = weights.channels;
  const even = makeTensor(
    names.fresh(`${weight.name}_even`),
    'float32',
    weight.shape,
    weights.weight,
  );
  const edits: Edit[] = [{ kind: 'setTensor', scope, tensor: even }];
  const inputs = [node.inputs[0] ?? '', even.name, ...node.inputs.slice(2)];
  if (bias && weights.bias) {
    const shift = makeTensor(names.fresh(`${bias.name}_even`), 'float32', bias.shape, weights.bias);
    edits.push({ kind: 'setTensor', scope, tensor: shift });
    inputs[2] = shift.name;
  }
  return [...edits, { kind: 'replaceNode', entry, nodes: [{ ...node, inputs }] }];
}
