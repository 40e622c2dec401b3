import { freshNames } from './fresh';
import type { Graph, Node } from './model';
import { mapBodies, mapList, updated } from './records';

/**
 * The graph with node names that stand once, in nested bodies too: the runtime refuses a graph where two nodes share a name. A node that is
 * called like a value it makes keeps its name before others (a Cast has to: the runtime looks for it by that name). The same record where
 * nothing changes.
 */
export function withDistinctNames(graph: Graph): Graph {
  const keepers = keepersOf(graph.nodes);
  const fresh = freshNames();
  for (const name of keepers.keys()) fresh.take(name);
  const nodes = mapList(graph.nodes, (node) => {
    const isKeeper = node.name === '' || keepers.get(node.name) === node;
    const named = isKeeper ? node : { ...node, name: fresh.fresh(node.name) };
    return mapBodies(named, withDistinctNames);
  });
  return updated(graph, { nodes });
}

/** Name → the node that keeps it. */
function keepersOf(nodes: readonly Node[]): Map<string, Node> {
  const keepers = new Map<string, Node>();
  for (const node of nodes) {
    if (node.name === '') continue;
    const known = keepers.get(node.name);
    if (!known || (!isNamedByValue(known) && isNamedByValue(node))) keepers.set(node.name, node);
  }
  return keepers;
}

const isNamedByValue = ({ name, outputs }: Node) => outputs.includes(name);
