import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { indexGraph, type NodeEntry, type Scope } from './graph';
import type { Graph, Model, Node } from './model';
import { mapBodies, mapList, updated } from './records';

/** A graph's nodes, every one after those it reads from, otherwise in file order; or a circle that makes this impossible. */
export type Order =
  | { readonly entries: readonly NodeEntry[]; readonly circle?: undefined }
  | { readonly circle: readonly NodeEntry[] };

/** What a node reads inside its bodies counts as read by the node. Linear in the size of the scope. */
export function orderOf(scope: Scope): Order {
  const needs = dependencies(scope);
  const state = new Map<NodeEntry, 'open' | 'done'>();
  const entries: NodeEntry[] = [];
  for (const start of scope.entries) {
    const stack = [{ entry: start, next: 0 }];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      if (top.next === 0) {
        if (state.has(top.entry)) {
          stack.pop();
          continue;
        }
        state.set(top.entry, 'open');
      }
      const need = needs.get(top.entry)?.[top.next++];
      if (need === undefined) {
        state.set(top.entry, 'done');
        entries.push(top.entry);
        stack.pop();
      } else if (state.get(need) === 'open') {
        const path = stack.map((each) => each.entry);
        return { circle: fromFirst(path.slice(path.indexOf(need)).reverse()) };
      } else if (!state.has(need)) stack.push({ entry: need, next: 0 });
    }
  }
  return { entries };
}

/** The same circle, beginning with the node that stands first in the file. */
function fromFirst(circle: readonly NodeEntry[]): readonly NodeEntry[] {
  const first = circle.reduce(
    (best, entry, i) => (entry.index < (circle[best]?.index ?? 0) ? i : best),
    0,
  );
  return [...circle.slice(first), ...circle.slice(0, first)];
}

/** Node → the nodes of its scope that it reads from. */
function dependencies(scope: Scope): ReadonlyMap<NodeEntry, readonly NodeEntry[]> {
  const needs = new Map<NodeEntry, NodeEntry[]>(scope.entries.map((entry) => [entry, []]));
  for (const [name, readers] of scope.consumers) {
    const producer = scope.producers.get(name);
    if (!producer) continue;
    for (const reader of readers) {
      const inScope = ancestorIn(scope, reader);
      if (inScope) needs.get(inScope)?.push(producer);
    }
  }
  return needs;
}

function ancestorIn(scope: Scope, entry: NodeEntry): NodeEntry | undefined {
  let at: NodeEntry | undefined = entry;
  while (at && at.scope !== scope) at = at.scope.owner;
  return at;
}

/**
 * The model with the nodes of every graph sorted, so that each stands after those it reads from; the same model where they are
 * already. Throws `badModel` naming the nodes of a circle.
 */
export function sortNodes(model: Model): Model {
  const sorted = new Map<Graph, readonly Node[]>();
  for (const scope of indexGraph(model).scopes) {
    const order = orderOf(scope);
    if (order.circle) throw new UserError('badModel', circleMessage(order.circle));
    if (order.entries.some((entry, i) => entry.index !== i)) {
      sorted.set(
        scope.graph,
        order.entries.map((entry) => entry.node),
      );
    }
  }
  return sorted.size === 0 ? model : { ...model, graph: rebuilt(model.graph, sorted) };
}

export function circleMessage(circle: readonly NodeEntry[]): string {
  const names = circle.slice(0, 6).map((entry) => quoted(entry.id));
  const more = circle.length > names.length ? [`${circle.length - names.length} more`] : [];
  return `The graph runs in a circle: ${[...names, ...more, names[0]].join(' → ')}.`;
}

function rebuilt(graph: Graph, sorted: ReadonlyMap<Graph, readonly Node[]>): Graph {
  const nodes = mapList(sorted.get(graph) ?? graph.nodes, (node) =>
    mapBodies(node, (body) => rebuilt(body, sorted)),
  );
  return updated(graph, { nodes });
}
