import { makeNode, makeTensor } from '../onnx/builder';
import { producerOf } from '../onnx/graph';
import type { Node, Tensor } from '../onnx/model';
import { floatValues } from '../onnx/weights';
import type { Layer } from '../structure/structure';
import type { Workbench } from './action';

/** Factors on the channels of a product's input, chosen so that none of them stands far out. */
export interface EvenInput {
  /** One per input channel; the weight's rows are multiplied by them. */
  readonly factors: Float32Array;
  /** Divides the input by them. */
  readonly node: Node;
  readonly tensor: Tensor;
  readonly output: string;
}

/** A normalized value lies within so many standard deviations, outliers of trained models apart. */
const spread = 4;
/** An input is evened where a channel reaches this many times as far as the middle one. */
const farOut = 2;
/**
 * Channels that reach far by the norm's weights reach further in the tokens that models use for nothing else: more than in proportion.
 * On MiniLM 1.3 to 2 did about equally well, 0.7 and 1 less.
 */
const power = 1.5;

/**
 * The input of `layer` divided channel by channel, where it comes from a layer norm some of whose channels reach far: one scale for the
 * whole input would leave the other channels few steps. How far they reach is told from the norm's own weights.
 */
export function evenInput(bench: Workbench, layer: Layer): EvenInput | undefined {
  const [input = ''] = layer.main.node.inputs;
  const reach = reachOf(bench, layer, input);
  if (!reach) return undefined;
  const middle = [...reach].sort((a, b) => a - b)[Math.floor(reach.length / 2)] ?? 0;
  if (middle === 0 || reach.every((value) => value < farOut * middle)) return undefined;
  const factors = reach.map((value) => Math.max(1, value / middle) ** power);
  const name = bench.names.fresh(`${input}_evening`);
  const output = bench.names.fresh(`${input}_even`);
  const inverse = factors.map((factor) => 1 / factor);
  return {
    ...{ factors, output },
    tensor: makeTensor(name, 'float32', [factors.length], inverse),
    node: makeNode('Mul', [input, name], [output]),
  };
}

/** How far each channel of a normalized value reaches: |shift| + spread · |scale|. Undefined for what no norm made. */
function reachOf(
  { structure, open }: Workbench,
  { main }: Layer,
  input: string,
): Float32Array | undefined {
  const entry = producerOf(main.scope, input);
  const norm = entry && structure.layerOf.get(entry.id);
  // The last node of a norm written out in steps, or the one that does it all: the sum beside its output is no normalized value.
  if (norm?.part !== 'norm' || norm.nodes.at(-1) !== entry) return undefined;
  if (entry?.node.outputs[0] !== input) return undefined;
  const scale = norm.weights.find(({ kind }) => kind === 'weight')?.tensor;
  const shift = norm.weights.find(({ kind }) => kind === 'bias')?.tensor;
  if (scale?.shape.length !== 1 || scale.dtype !== 'float32') return undefined;
  const scales = floatValues(scale, open);
  const shifts = shift ? floatValues(shift, open) : new Float32Array(scales.length);
  return scales.map((value, i) => Math.abs(shifts[i] ?? 0) + spread * Math.abs(value));
}
