import { tensorAttribute } from '../attributes';
import { indexGraph } from '../graph';
import type { Graph, Model, Tensor } from '../model';
import { inferShapes } from './infer';
import type { DimensionKind } from './roles';
import type { DimensionSizes } from './shapes';

/** Lengths to try, the one that is taken wherever a model allows it first. */
const candidates: Partial<Record<DimensionKind, readonly number[]>> = {
  // One second at the rate speech models take; then as for tokens, doubled up to half a minute.
  samples: [16_000, ...Array.from({ length: 13 }, (_, i) => 128 << i)],
  sequence: [128, 64, 32, 16, 8],
};

/**
 * A length that the model can take: tables of positions end somewhere, windows need their own width, and models that hear a chunk at
 * a time refuse all others. `sizesFor` gives all sizes for one length. Undefined for a kind of dimension that any size will do for.
 */
export function workableLength(
  model: Model,
  kind: DimensionKind,
  sizesFor: (length: number) => DimensionSizes,
): number | undefined {
  const [usual, ...others] = candidates[kind] ?? [];
  const tables = usual === undefined || kind !== 'sequence' ? [] : shortTables(model.graph, usual);
  if (usual === undefined || (kind === 'sequence' && tables.length === 0)) return usual;
  const index = indexGraph(model);
  const works = (length: number) =>
    inferShapes(index, { sizes: sizesFor(length) }).fits(index.main);
  return [usual, ...tables, ...others].find(works) ?? usual;
}

/** Lengths below `most` of constants that rows are taken out of, as of a table of positions, longest first. Types are fewer than 8. */
function shortTables(graph: Graph, most: number): readonly number[] {
  const constants = new Map<string, Tensor>(
    graph.initializers.map((tensor) => [tensor.name, tensor]),
  );
  for (const node of graph.nodes) {
    const tensor = node.op === 'Constant' ? tensorAttribute(node, 'value') : undefined;
    if (tensor) constants.set(node.outputs[0] ?? '', tensor);
  }
  const lengths = graph.nodes.flatMap(({ op, inputs }) => {
    if (op !== 'Gather' && op !== 'Slice') return [];
    const shape = constants.get(inputs[0] ?? '')?.shape ?? [];
    return shape.length > 1 ? shape.filter((size) => size >= 8 && size < most) : [];
  });
  return [...new Set(lengths)].sort((a, b) => b - a).slice(0, 4);
}
