import type { NodeEntry } from '../graph';
import { byteLength } from '../../tensor/dtype';
import type { TensorType } from '../model';
import { countOf } from './dims';
import type { Fact, NodeView } from './fact';
import type { Shapes } from './shapes';

/** A node with all that inference found out about its inputs, for those who compute with shapes and not on them. */
export function viewOf(entry: NodeEntry, shapes: Shapes): NodeView {
  const { node, scope } = entry;
  return {
    node,
    // Opsets only change how a rule reads its node, and sizes are read the same way in all of them.
    opset: Number.MAX_SAFE_INTEGER,
    inputs: node.inputs.map((name): Fact | undefined => {
      const type = name ? shapes.typeOf(scope, name) : undefined;
      return type && { ...type, data: shapes.constantOf(scope, name) };
    }),
    decode: (fact) => fact.data,
    body: () => undefined,
    depth: 0,
  };
}

/** What is known of a node's outputs; undefined for one that is left out. */
export function outputFacts(entry: NodeEntry, shapes: Shapes): readonly (Fact | undefined)[] {
  return entry.node.outputs.map((name) => (name ? shapes.typeOf(entry.scope, name) : undefined));
}

/** Bytes a value takes, packed as in a file; undefined where its shape is not known, and for text, which has no fixed width. */
export function typeBytes(type: TensorType | undefined): number | undefined {
  const count = countOf(type?.shape);
  if (!type || count === undefined || type.dtype === 'string') return undefined;
  return byteLength(type.dtype, count);
}
