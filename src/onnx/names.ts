import { memorySource } from '../base/bytes';
import { many, message, one, text } from './codec';
import type { Graph, Node, Tensor, ValueInfo } from './model';
import { Output } from './output';
import { mapBodies, mapList, updated } from './records';
import { entryMessage } from './tensorMessage';
import { WireReader } from './wire';

/** A value's new name; the same name where it keeps it. '' (an input left out) is never asked for. */
export type Rename = (name: string) => string;

/** The node with every value in it renamed, in its bodies too. The same record where nothing changes. */
export function renameInNode(node: Node, rename: Rename): Node {
  const inputs = renameList(node.inputs, rename);
  const outputs = renameList(node.outputs, rename);
  const named = updated(node, { inputs, outputs });
  return mapBodies(named, (body) => renameInGraph(body, rename));
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
