import { type NodeEntry, producerOf, type Scope } from '../onnx/graph';
import type { Structure } from '../structure/structure';
import type { Reading } from '../tensor/scores';

/** Operators that only rearrange or convert. */
const passing: readonly string[] = [
  ...['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Cast', 'Transpose', 'Dropout'],
  ...['DequantizeLinear', 'QuantizeLinear'],
];

const endings: Readonly<Record<string, Reading>> = {
  Softmax: 'probabilities',
  LogSoftmax: 'logits',
  Sigmoid: 'chance',
};

const classNames = /logit|prob|class|score|label/i;

/** How an output is to be read: by the operator that writes it, by the part of the layer it comes from, by its name. */
export function readingOf({ index, layerOf }: Structure, output: string): Reading {
  const maker = makerOf(index.main, output);
  const ending = maker && endings[maker.node.op];
  if (ending) return ending;
  const isHead = maker !== undefined && layerOf.get(maker.id)?.part === 'head';
  return isHead || classNames.test(output) ? 'logits' : 'values';
}

function makerOf(scope: Scope, output: string): NodeEntry | undefined {
  let entry = producerOf(scope, output);
  for (let step = 0; entry && passing.includes(entry.node.op) && step < 8; step++) {
    entry = producerOf(entry.scope, entry.node.inputs[0] ?? '');
  }
  return entry;
}

/** The output that says most of what the model decides: the first with classes, else the first. */
export function mainOutput(structure: Structure, outputs: readonly string[]): string | undefined {
  const readings = outputs.map((output) => readingOf(structure, output));
  const at = readings.findIndex((reading) => reading !== 'values');
  return outputs[Math.max(0, at)];
}
