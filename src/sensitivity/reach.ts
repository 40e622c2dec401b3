import { subgraphs } from '../onnx/attributes';
import { consumersOf, type GraphIndex, type NodeEntry, scopeOf, type Scope } from '../onnx/graph';
import type { Node } from '../onnx/model';

/** The node of the main graph that holds the node. */
export function outermost(entry: NodeEntry): NodeEntry {
  let at = entry;
  while (at.scope.owner) at = at.scope.owner;
  return at;
}

/** Names of the main graph that a node or its bodies read. */
export function readsOf({ node }: NodeEntry): readonly string[] {
  const known = reads.get(node);
  if (known) return known;
  const found = [...new Set(readsOfNode(node))].filter((name) => name !== '');
  reads.set(node, found);
  return found;
}

const reads = new WeakMap<Node, readonly string[]>();

function readsOfNode(node: Node): string[] {
  const inside = subgraphs(node).flatMap(({ graph }) => {
    const own = new Set([
      ...graph.inputs.map(({ name }) => name),
      ...graph.initializers.map(({ name }) => name),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
    const read = [...graph.nodes.flatMap(readsOfNode), ...graph.outputs.map(({ name }) => name)];
    return read.filter((name) => !own.has(name));
  });
  return [...node.inputs, ...inside];
}

/** Nodes of the main graph that nothing but constants leads to. */
export function constantsOf(index: GraphIndex): ReadonlySet<NodeEntry> {
  const known = constants.get(index);
  if (known) return known;
  const { main } = index;
  const found = new Set<NodeEntry>();
  for (const entry of main.entries) {
    const isFixed = readsOf(entry).every((name) => {
      const made = main.producers.get(name);
      return made ? found.has(made) : scopeOf(main, name)?.initializers.has(name);
    });
    if (isFixed && !random.test(entry.node.op)) found.add(entry);
  }
  constants.set(index, found);
  return found;
}

const constants = new WeakMap<GraphIndex, ReadonlySet<NodeEntry>>();
const random = /^(Random|Multinomial|Bernoulli)/;

/** Nodes of the main graph that a change of these has an influence on, themselves included. */
export function downstreamOf(
  { main }: GraphIndex,
  changed: readonly NodeEntry[],
): ReadonlySet<NodeEntry> {
  const found = new Set<NodeEntry>();
  const waiting = changed.map(outermost);
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (found.has(entry)) continue;
    found.add(entry);
    for (const name of entry.node.outputs) waiting.push(...readersOf(main, name));
  }
  return found;
}

/** Nodes of the main graph that read a value, in bodies or themselves. */
function readersOf(scope: Scope, name: string): NodeEntry[] {
  return consumersOf(scope, name).map(outermost);
}
