import { memorySource } from '../base/bytes';
import { many, message, one, text } from './codec';
import type { Attribute, Graph, Node, Tensor, ValueInfo } from './model';
import { Output } from './output';
import { entryMessage } from './tensorMessage';
import { WireReader } from './wire';

/** A value's new name; the same name where it keeps it. '' (an input left out) is never asked for. */
export type Rename = (name: string) => string;

/** The node with every value in it renamed, in its bodies too. The same record where nothing changes. */
export function renameInNode(node: Node, rename: Rename): Node {
  const inputs = renameList(node.inputs, rename);
  const outputs = renameList(node.outputs, rename);
  const attributes = mapAttributes(node.attributes, (attribute) =>
    renameInAttribute(attribute, rename),
  );
  const same = inputs === node.inputs && outputs === node.outputs && attributes === node.attributes;
  return same ? node : { ...node, inputs, outputs, attributes };
}

/** The graph with every value in it renamed, in nested bodies too. The same record where nothing changes. */
export function renameInGraph(graph: Graph, rename: Rename): Graph {
  const named = <T extends Tensor | ValueInfo>(items: readonly T[]) =>
    mapList(items, (item) => {
      const name = renameOne(item.name, rename);
      return name === item.name ? item : { ...item, name };
    });
  return updated(graph, {
    nodes: mapList(graph.nodes, (node) => renameInNode(node, rename)),
    initializers: named(graph.initializers),
    inputs: named(graph.inputs),
    outputs: named(graph.outputs),
    values: named(graph.values),
    sparseInitializers: mapList(graph.sparseInitializers, (sparse) =>
      updated(sparse, { values: named([sparse.values])[0] ?? sparse.values }),
    ),
    quantization: mapList(graph.quantization, (annotation) =>
      renameInAnnotation(annotation, rename),
    ),
  });
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

function renameInAttribute(attribute: Attribute, rename: Rename): Attribute {
  if (attribute.kind === 'graph') {
    return updated(attribute, { value: renameInGraph(attribute.value, rename) });
  }
  if (attribute.kind === 'graphs') {
    return updated(attribute, {
      value: mapList(attribute.value, (graph) => renameInGraph(graph, rename)),
    });
  }
  return attribute;
}

/** TensorAnnotation: the value, and the values that hold its scale and zero point. */
const annotationMessage = message({
  fields: { tensor: one(1, text), parameters: many(2, entryMessage) },
  make: ({ tensor, parameters }, { unknown }) => ({ tensor, parameters, unknown }),
  split: (annotation) => annotation,
});

function renameInAnnotation(bytes: Uint8Array, rename: Rename): Uint8Array {
  const source = memorySource('quantization annotation', bytes);
  const range = { source, offset: 0, length: bytes.length };
  const { tensor, parameters, unknown } = annotationMessage.readBody(new WireReader(source), range);
  const named = tensor === undefined ? tensor : renameOne(tensor, rename);
  const changed = parameters.map(([key, value]) => [key, renameOne(value, rename)] as const);
  if (named === tensor && changed.every(([, value], i) => value === parameters[i]?.[1])) {
    return bytes;
  }
  const output = new Output(true);
  annotationMessage.writeBody(output, { tensor: named, parameters: changed, unknown });
  return output.toBytes();
}

function renameOne(name: string, rename: Rename): string {
  return name === '' ? name : rename(name);
}

function renameList(names: readonly string[], rename: Rename): readonly string[] {
  return mapList(names, (name) => renameOne(name, rename));
}

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
