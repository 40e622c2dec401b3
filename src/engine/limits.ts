import { type NodeEntry, producerOf } from '../onnx/graph';
import type { Shapes } from '../onnx/shapes/shapes';
import type { Layer, Structure } from '../structure/structure';

/** Operators that look positions up in a table of their own, and the input that is the table. */
const positionTables: Readonly<Record<string, number>> = {
  RotaryEmbedding: 2,
  GroupQueryAttention: 7,
  EmbedLayerNormalization: 3,
  QEmbedLayerNormalization: 3,
};

/** How many tokens a model can take at once: the rows of its shortest table of positions; undefined where it has none. */
export function longestSequence(structure: Structure, shapes: Shapes): number | undefined {
  const tables = structure.layers.flatMap((layer) => positionRows(layer) ?? []);
  const inside = structure.index.entries.flatMap((entry) => tableRows(entry, shapes) ?? []);
  const rows = [...tables, ...inside];
  return rows.length > 0 ? Math.min(...rows) : undefined;
}

function positionRows(layer: Layer): number | undefined {
  if (layer.role !== 'position') return undefined;
  const [rows] = layer.weights[0]?.shape ?? [];
  return rows === undefined || !countsTokens(layer.main) ? rows : rows - keptForPadding;
}

/** RoBERTa and its kin number the tokens from 2 on. */
const keptForPadding = 2;

/** Whether positions come from adding a mask up, and not from a plain row of numbers. */
function countsTokens(from: NodeEntry): boolean {
  let ring = [from];
  for (let distance = 0; distance < 8; distance++) {
    ring = ring.flatMap(({ node, scope }) =>
      node.inputs.flatMap((name) => (name && producerOf(scope, name)) || []),
    );
    if (ring.some(({ node }) => node.op === 'CumSum')) return true;
    // Wide graphs would be walked many times over; positions come from few nodes.
    if (ring.length > 64) return false;
  }
  return false;
}

function tableRows({ node, scope }: NodeEntry, shapes: Shapes): number | undefined {
  const place = positionTables[node.op];
  // The standard RotaryEmbedding has its table one place further to the front than the runtime's own.
  const name =
    place === undefined ? undefined : node.inputs[node.domain === '' ? place - 1 : place];
  const shape = name ? shapes.typeOf(scope, name)?.shape : undefined;
  return shape?.length === 2 && typeof shape[0] === 'number' ? shape[0] : undefined;
}
