import { floatAttribute, intAttribute } from '../../onnx/attributes';
import { computedTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, producerOf, type NodeEntry } from '../../onnx/graph';
import type { Tensor } from '../../onnx/model';
import { floatValues } from '../../onnx/weights';
import type { Layer } from '../../structure/structure';
import { defineAction, doesNotFit, fits, type Workbench } from '../action';
import { channelsOf, scaledIn, scaledOut, type Affine, type Channels } from './channels';
import { storedFloats } from './constants';
import { exact, isOp, isOutput } from './whole';

/**
 * BatchNormalization with fixed statistics multiplies and shifts every channel (Ioffe and Szegedy 2015): x · a + c with
 * a = scale / sqrt(variance + epsilon) and c = shift − mean · a. Both go into the weights and bias of the layer before it, or of an
 * unpadded convolution after it.
 */
export const foldBatchNorm = defineAction({
  ...exact,
  scope: 'model',
  title: 'Fold BatchNormalization',
  about:
    'Puts the scale and shift of BatchNormalization into the weights beside it; static int8 needs that.',
  params: {},
  appliesTo(layer) {
    const norm = layer.nodes.find((entry) => isOp(entry, 'BatchNormalization'));
    if (!norm) return doesNotFit('It has no BatchNormalization.');
    const place = placeOf(norm);
    return typeof place === 'string' ? doesNotFit(place) : fits;
  },
  edits: (bench, layers) => {
    const taken = new Set<NodeEntry>();
    return normsOf(layers).flatMap((norm) => {
      const place = placeOf(norm);
      if (typeof place === 'string' || taken.has(place.into)) return [];
      taken.add(place.into);
      return foldInto(bench, norm, place);
    });
  },
});

function normsOf(layers: readonly Layer[]): NodeEntry[] {
  return layers.flatMap((layer) =>
    layer.nodes.filter((entry) => isOp(entry, 'BatchNormalization')),
  );
}

interface Place {
  /** The node that takes scale and shift in. */
  readonly into: NodeEntry;
  readonly channels: Channels;
  /** Before: its output is normalised. After: its input is. */
  readonly side: 'before' | 'after';
}

/** Where a BatchNormalization goes, or why nowhere. */
function placeOf(norm: NodeEntry): Place | string {
  const { node, scope } = norm;
  const isFixed =
    node.outputs.length === 1 &&
    intAttribute(node, 'training_mode', 0) === 0 &&
    node.inputs.slice(1, 5).every((name) => storedFloats(scope, name));
  if (!isFixed) return 'Its statistics are not stored in the model as float32.';
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const before = producerOf(scope, input);
  const channels = before && only(before, input) ? channelsOf(before) : undefined;
  if (before?.scope === scope && channels) return { into: before, channels, side: 'before' };
  const [after] = consumersOf(scope, output);
  const next =
    after && only(norm, output) && after.node.inputs[0] === output ? channelsOf(after) : undefined;
  if (after?.scope === scope && next?.unpadded)
    return { into: after, channels: next, side: 'after' };
  return 'No convolution or linear layer beside it can take it in.';
}

/** Whether one node alone reads the value. */
function only({ scope }: NodeEntry, name: string): boolean {
  return consumersOf(scope, name).length === 1 && !isOutput(scope, name);
}

function foldInto(bench: Workbench, norm: NodeEntry, { into, channels, side }: Place): Edit[] {
  const { names, remember, open } = bench;
  const { node, scope } = into;
  const factors = factorsOf(bench, norm);
  const { weight, bias, outputs } = channels;
  const fold = remember(() => {
    const values = floatValues(weight, open);
    const shifts = bias ? floatValues(bias, open) : new Float32Array(outputs);
    const scaled = side === 'before' ? scaledOut : scaledIn;
    return scaled(values, shifts, channels, factors());
  });
  const tensor = (wanted: string, shape: readonly number[], part: 'weight' | 'bias'): Tensor =>
    computedTensor(names.fresh(wanted), 'float32', shape, () => fold()[part]);
  const folded = tensor(`${weight.name}_folded`, weight.shape, 'weight');
  const shift = tensor(`${bias?.name ?? weight.name}_shift`, [outputs], 'bias');
  // The node takes the place of both: it reads what the first read, and makes what the second made.
  const [input = ''] = (side === 'before' ? into : norm).node.inputs;
  const { outputs: made } = (side === 'before' ? norm : into).node;
  const merged = { ...node, inputs: [input, folded.name, shift.name], outputs: made };
  return [
    { kind: 'setTensor', scope, tensor: folded },
    { kind: 'setTensor', scope, tensor: shift },
    { kind: 'replaceNode', entry: into, nodes: [merged] },
    { kind: 'replaceNode', entry: norm, nodes: [] },
  ];
}

function factorsOf({ open }: Workbench, { node, scope }: NodeEntry): () => Affine {
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const [scale, shift, mean, variance] = node.inputs
    .slice(1, 5)
    .map((name) => storedFloats(scope, name));
  return () => {
    const read = (tensor: Tensor | undefined) => (tensor ? floatValues(tensor, open) : []);
    const [s, b, m, v] = [read(scale), read(shift), read(mean), read(variance)];
    const factor = Float64Array.from(s, (value, i) => value / Math.sqrt((v[i] ?? 0) + epsilon));
    return { factor, shift: factor.map((each, i) => (b[i] ?? 0) - (m[i] ?? 0) * each) };
  };
}
