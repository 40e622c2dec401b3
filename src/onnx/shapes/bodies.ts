import type { GraphIndex, NodeEntry, Scope } from '../graph';

/** The bodies of every node that has any. */
export function bodiesOf(index: GraphIndex): ReadonlyMap<NodeEntry, readonly Scope[]> {
  const bodies = new Map<NodeEntry, Scope[]>();
  for (const scope of index.scopes) {
    if (!scope.owner) continue;
    const own = bodies.get(scope.owner);
    if (own) own.push(scope);
    else bodies.set(scope.owner, [scope]);
  }
  return bodies;
}
