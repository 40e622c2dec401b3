import { type GraphIndex, type NodeEntry, producerOf } from '../onnx/graph';
import type { Structure } from '../structure/structure';
import type { Reading } from '../tensor/scores';

/** Operators that only rearrange or convert. */
const passing: readonly string[] = [
  ...['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Cast', 'Transpose', 'Dropout'],
  ...['DequantizeLinear', 'QuantizeLinear', 'ReduceMean', 'Slice', 'Concat'],
];

const endings: Readonly<Record<string, Reading>> = {
  Softmax: 'probabilities',
  LogSoftmax: 'logits',
  Sigmoid: 'chance',
};

const classNames = /logit|prob|class|score|label/i;

/** How an output is to be read: by the operator that writes it, by the part of the layer it comes from, by its name. */
export function readingOf({ index, layerOf }: Structure, output: string): Reading {
  const maker = makerOf(index, output);
  const ending = maker && endings[maker.node.op];
  if (ending) return ending;
  const layer = maker && layerOf.get(maker.id);
  // A pooler's output is a description of the input, though it stands in the head.
  const isHead = layer?.role === 'head' && layer.weights.length > 0;
  return isHead || classNames.test(output) ? 'logits' : 'values';
}

/** The node whose numbers an output is, out of the bodies of If and past what only moves them. */
function makerOf(index: GraphIndex, output: string): NodeEntry | undefined {
  let name = output;
  let entry = producerOf(index.main, name);
  for (let step = 0; entry && step < 16; step++) {
    const made: NodeEntry = entry;
    const body =
      made.node.op === 'If' ? index.scopes.find(({ owner }) => owner === made) : undefined;
    if (!body && !passing.includes(made.node.op)) return made;
    name = body
      ? (body.graph.outputs[made.node.outputs.indexOf(name)]?.name ?? '')
      : (made.node.inputs[0] ?? '');
    entry = producerOf(body ?? made.scope, name);
  }
  return entry;
}

/** The output that says most of what the model decides: the first with classes, else the first. */
export function mainOutput(structure: Structure, outputs: readonly string[]): string | undefined {
  const readings = outputs.map((output) => readingOf(structure, output));
  const at = readings.findIndex((reading) => reading !== 'values');
  return outputs[Math.max(0, at)];
}
