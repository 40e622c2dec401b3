import type { Attribute, Graph, Node } from './model';

/**
 * Changes to records that give back the same record, list or map where nothing changes, so that what nobody edited is written back
 * as it stood.
 */

/** The list with every item replaced; the same list where nothing changes. */
export function mapList<T>(
  items: readonly T[],
  change: (item: T, index: number) => T,
): readonly T[] {
  const after = items.map(change);
  return after.every((item, i) => item === items[i]) ? items : after;
}

/** The record with some fields replaced; the same record where nothing changes, so that it is written back as it stood. */
export function updated<T extends object>(record: T, change: Partial<T>): T {
  const differs = (Object.keys(change) as (keyof T)[]).some((key) => change[key] !== record[key]);
  return differs ? { ...record, ...change } : record;
}

/** Attributes with some replaced; `change` returning undefined leaves one out. The same map where nothing changes. */
export function mapAttributes(
  attributes: ReadonlyMap<string, Attribute>,
  change: (attribute: Attribute) => Attribute | undefined,
): ReadonlyMap<string, Attribute> {
  const before = [...attributes.values()];
  const after = before.map(change);
  if (after.every((attribute, i) => attribute === before[i])) return attributes;
  return new Map(
    after.flatMap((attribute) => (attribute ? [[attribute.name, attribute] as const] : [])),
  );
}

/** The node with its bodies (those of If, Loop and Scan) replaced. The same record where nothing changes. */
export function mapBodies(node: Node, change: (body: Graph) => Graph): Node {
  const attributes = mapAttributes(node.attributes, (attribute) => {
    if (attribute.kind === 'graph') return updated(attribute, { value: change(attribute.value) });
    if (attribute.kind !== 'graphs') return attribute;
    return updated(attribute, { value: mapList(attribute.value, change) });
  });
  return updated(node, { attributes });
}
