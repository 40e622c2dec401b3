import { consumersOf, type NodeEntry } from '../onnx/graph';

const passesAngles = new Set([
  'Transpose',
  'Concat',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Cast',
  'Identity',
  'Mul',
  'Expand',
]);

/**
 * Whether a product only writes down the angles of rotary positions: position times frequency, an outer product that adds nothing
 * up and goes into Cos and Sin. Profilers of the frameworks' own models do not see it, and it is no layer's arithmetic.
 */
export function writesAngles(entry: NodeEntry): boolean {
  let at: readonly NodeEntry[] = [entry];
  for (let steps = 0; steps < 6 && at.length > 0 && at.length <= 8; steps++) {
    const readers = at.flatMap((each) =>
      each.node.outputs.flatMap((name) => consumersOf(each.scope, name)),
    );
    if (readers.some(({ node }) => node.op === 'Cos' || node.op === 'Sin')) return true;
    at = [...new Set(readers)].filter(({ node }) => passesAngles.has(node.op));
  }
  return false;
}
