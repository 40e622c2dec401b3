import { type GraphIndex, type NodeEntry, producerOf } from '../onnx/graph';
import type { Structure } from '../structure/structure';
import type { DType } from '../tensor/dtype';
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
  if (!mayBeScores(index, output)) return 'values';
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

/** Chosen classes and positions are whole numbers, which have no distances; sequences and maps have no numbers to hold against others. */
function mayBeScores({ main }: GraphIndex, output: string): boolean {
  const type = main.graph.outputs.find(({ name }) => name === output)?.type;
  return !type || (type.kind === 'tensor' && floats.includes(type.dtype));
}

const floats: readonly (DType | undefined)[] = [
  'float32',
  'float16',
  'float64',
  'bfloat16',
  undefined,
];

/** The output that says most of what the model decides: the first with classes, else the first of real numbers, else the first. */
export function mainOutput(structure: Structure, outputs: readonly string[]): string | undefined {
  const withClasses = outputs.find((output) => readingOf(structure, output) !== 'values');
  const ofNumbers = outputs.find((output) => mayBeScores(structure.index, output));
  return withClasses ?? ofNumbers ?? outputs[0];
}
