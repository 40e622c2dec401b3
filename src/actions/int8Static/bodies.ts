import { consumersOf, type Scope } from '../../onnx/graph';

/** Operators that only move values, through which the runtime moves a dequantization on to where they lead. */
const movers: readonly string[] = [
  ...['Squeeze', 'Unsqueeze', 'Reshape', 'Transpose', 'Slice', 'MaxPool'],
  // Gone before that.
  ...['Identity', 'Flatten', 'Dropout'],
];

/**
 * Whether a value, or what is only moved of it, is read inside a body of If, Loop or Scan. ONNX Runtime 1.30 ends the process where it
 * moves a dequantization on to such a reader: an assertion of its optimiser fails, as readers inside bodies are no inputs of the node that
 * has the body. A part of the silero voice detector with sizes written down is such a model.
 */
export function leadsIntoBody(scope: Scope, name: string): boolean {
  const seen = new Set([name]);
  // What is added while the set is walked is walked, too.
  for (const value of seen) {
    for (const { node, scope: of } of consumersOf(scope, value)) {
      if (of !== scope) return true;
      if (movers.includes(node.op)) for (const output of node.outputs) seen.add(output);
    }
  }
  return false;
}
