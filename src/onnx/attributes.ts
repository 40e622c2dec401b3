import type { Attribute, Graph, Node, Tensor } from './model';

/**
 * Attributes by name with a fallback, for readers that know the operator's schema. An attribute of another kind than asked for
 * counts as absent. Integers come as numbers: values beyond 2^53 (such as "to the end" in Slice) are clamped to safe integers.
 */
function get<K extends Attribute['kind']>(node: Node, name: string, kind: K) {
  const attribute = node.attributes.get(name);
  return attribute?.kind === kind ? (attribute as Extract<Attribute, { kind: K }>) : undefined;
}

export function intAttribute(node: Node, name: string): number | undefined;
export function intAttribute(node: Node, name: string, fallback: number): number;
export function intAttribute(node: Node, name: string, fallback?: number): number | undefined {
  const value = get(node, name, 'int')?.value;
  return value === undefined ? fallback : safeInteger(value);
}

export function floatAttribute(node: Node, name: string): number | undefined;
export function floatAttribute(node: Node, name: string, fallback: number): number;
export function floatAttribute(node: Node, name: string, fallback?: number): number | undefined {
  return get(node, name, 'float')?.value ?? fallback;
}

export function stringAttribute(node: Node, name: string): string | undefined;
export function stringAttribute(node: Node, name: string, fallback: string): string;
export function stringAttribute(node: Node, name: string, fallback?: string): string | undefined {
  const value = get(node, name, 'string')?.value;
  return value ? new TextDecoder().decode(value) : fallback;
}

export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  return get(node, name, 'ints')?.value.map(safeInteger);
}

export function tensorAttribute(node: Node, name: string): Tensor | undefined {
  return get(node, name, 'tensor')?.value;
}

/** The node's own bodies: `then_branch` and `else_branch` of If, `body` of Loop and Scan. */
export function subgraphs(node: Node): { readonly attribute: string; readonly graph: Graph }[] {
  return [...node.attributes.values()].flatMap((a) =>
    a.kind === 'graph'
      ? [{ attribute: a.name, graph: a.value }]
      : a.kind === 'graphs'
        ? a.value.map((graph, i) => ({ attribute: `${a.name}[${i}]`, graph }))
        : [],
  );
}

export function safeInteger(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}
