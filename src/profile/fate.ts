import type { Layer, Structure } from '../structure/structure';
import type { ExecutedNode } from './executed';

/** What became of a layer in the optimised graph. */
export interface Fate {
  /** `same`: node for node; `fused`: into nodes that do more; `removed`: nothing of it runs; `unknown`: its main node could not be found. */
  readonly how: 'same' | 'fused' | 'removed' | 'unknown';
  /** Operators that run instead. */
  readonly ops: readonly string[];
}

/** Tells for every layer what runs instead. `folded` are the values that the optimised graph holds as constants. */
export function layerFates(
  structure: Structure,
  executed: readonly ExecutedNode[],
  folded: ReadonlySet<string>,
): ReadonlyMap<string, Fate> {
  const runners = new Map<string, ExecutedNode[]>();
  for (const node of executed) {
    if (node.how === 'inserted') continue;
    for (const { id } of node.sources) {
      const known = runners.get(id);
      if (known) known.push(node);
      else runners.set(id, [node]);
    }
  }
  return new Map(structure.layers.map((layer) => [layer.id, fateOf(layer, runners, folded)]));
}

function fateOf(
  layer: Layer,
  runners: ReadonlyMap<string, readonly ExecutedNode[]>,
  folded: ReadonlySet<string>,
): Fate {
  const running = new Set(layer.nodes.flatMap(({ id }) => runners.get(id) ?? []));
  const ops = [...new Set([...running].map((node) => node.op))];
  const isGone = layer.main.node.outputs.every((output) => !output || folded.has(output));
  if (!runners.has(layer.main.id) && !isGone && running.size === 0) {
    // A layer whose values nobody computes any more was dropped; one with weights cannot just vanish.
    return { how: layer.weights.length > 0 ? 'unknown' : 'removed', ops };
  }
  if (running.size === 0) return { how: 'removed', ops };
  return { how: [...running].some((node) => node.how === 'fused') ? 'fused' : 'same', ops };
}
