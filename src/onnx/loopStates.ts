import { subgraphs } from './attributes';
import type { GraphIndex } from './graph';
import type { Graph, Node } from './model';
import { mapBodies, mapList, updated } from './records';

/** Loop and its body have these before their states: the trip count or the iteration's number, and the condition. */
const leading = 2;

/** States of Loops that their bodies do something with, by the name they have in the body. */
export function usedStates({ scopes }: GraphIndex): ReadonlySet<string> {
  const names = scopes.flatMap(({ owner, graph, consumers }) =>
    owner && isLoop(owner.node)
      ? graph.inputs
          .slice(leading)
          .map(({ name }) => name)
          .filter((name) => consumers.get(name)?.some(({ node }) => node.op !== 'Identity'))
      : [],
  );
  return new Set(names);
}

/**
 * The graph without states of Loops that were used before, and that their bodies now only hand on to where nobody reads them: weights that
 * an exporter carries from step to step would otherwise stay in the file beside what took their place.
 */
export function withoutIdleStates(graph: Graph, used: ReadonlySet<string>): Graph {
  const reads = readsIn(graph);
  return updated(graph, {
    nodes: mapList(graph.nodes, (node) => {
      const inner = mapBodies(node, (body) => withoutIdleStates(body, used));
      return isLoop(inner) ? withoutIdle(inner, reads, used) : inner;
    }),
  });
}

const isLoop = ({ op, domain }: Node) => op === 'Loop' && (domain === '' || domain === 'ai.onnx');

function withoutIdle(
  node: Node,
  outside: ReadonlyMap<string, number>,
  used: ReadonlySet<string>,
): Node {
  const body = subgraphs(node).find(({ attribute }) => attribute === 'body')?.graph;
  if (!body) return node;
  const reads = readsIn(body);
  const idle = new Set<number>();
  const carriers = new Set<Node>();
  for (const [at, { name }] of body.inputs.slice(leading).entries()) {
    const isRead = outside.has(node.outputs[at] ?? '');
    if (isRead || !used.has(name) || reads.get(name) !== 1) continue;
    const made = body.outputs[at + 1]?.name ?? '';
    const carrier = body.nodes.find(
      ({ op, inputs, outputs }) => op === 'Identity' && inputs[0] === name && outputs[0] === made,
    );
    if (made !== name && (!carrier || reads.get(made) !== 1)) continue;
    idle.add(at);
    if (carrier) carriers.add(carrier);
  }
  const outputs = node.outputs.filter((_, at) => !idle.has(at));
  if (idle.size === 0 || outputs.length === 0) return node;
  const left = updated(body, {
    inputs: body.inputs.filter((_, at) => !idle.has(at - leading)),
    outputs: body.outputs.filter((_, at) => !idle.has(at - 1)),
    nodes: body.nodes.filter((each) => !carriers.has(each)),
  });
  const inputs = node.inputs.filter((_, at) => !idle.has(at - leading));
  return mapBodies(updated(node, { inputs, outputs }), () => left);
}

/** How often each name is read: by nodes, in bodies, and by who fetches the graph's outputs. */
function readsIn(graph: Graph, counts = new Map<string, number>()): Map<string, number> {
  const note = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { name } of graph.outputs) note(name);
  for (const node of graph.nodes) {
    for (const name of node.inputs) if (name !== '') note(name);
    for (const { graph: body } of subgraphs(node)) readsIn(body, counts);
  }
  return counts;
}
