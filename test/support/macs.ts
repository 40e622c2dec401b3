import assert from 'node:assert/strict';
import { nodeMacs } from '../../src/cost/macs';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { type NodeCase, oneNode } from './inferring';

/** What a node alone in its graph multiplies, or why that cannot be told. */
export function macsOf(given: NodeCase): number | string {
  const index = oneNode(given);
  const entry = index.entries[0]!;
  const counted = nodeMacs(entry, inferShapes(index, { sizes: new Map() }));
  return 'macs' in counted ? counted.macs : counted.why;
}

/** Asserts the multiply-adds of nodes, each named by what is special about it. */
export function assertMacs(
  rows: readonly (readonly [what: string, node: NodeCase, macs: number])[],
): void {
  for (const [what, node, macs] of rows) assert.equal(macsOf(node), macs, what);
}
