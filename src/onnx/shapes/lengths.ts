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
  if (usual === undefined || (kind === 'sequence' && !hasShortTable(model.graph, usual)))
    return usual;
  const index = indexGraph(model);
  const works = (length: number) =>
    inferShapes(index, { sizes: sizesFor(length) }).fits(index.main);
  return [usual, ...others].find(works) ?? usual;
}

/** Whether rows are taken out of a constant with fewer than `length` of them, as out of a table of positions. Types have less than 8. */
function hasShortTable(graph: Graph, length: number): boolean {
  const constants = new Map<string, Tensor>(
    graph.initializers.map((tensor) => [tensor.name, tensor]),
  );
  for (const node of graph.nodes) {
    const tensor = node.op === 'Constant' ? tensorAttribute(node, 'value') : undefined;
    if (tensor) constants.set(node.outputs[0] ?? '', tensor);
  }
  const isShort = (shape: readonly number[]) =>
    shape.length > 1 && shape.some((size) => size >= 8 && size < length);
  return graph.nodes.some(
    ({ op, inputs }) =>
      (op === 'Gather' || op === 'Slice') && isShort(constants.get(inputs[0] ?? '')?.shape ?? []),
  );
}
