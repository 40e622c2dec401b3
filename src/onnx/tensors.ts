import type { Attribute, Graph, Model, Node, SparseTensor, Tensor } from './model';
import { mapAttributes, mapBodies, mapList, updated } from './records';

/** Where a tensor stands: a graph's initializer, or inside an attribute. Only the former may be moved to other files freely. */
export type TensorPlace = 'initializer' | 'attribute';
type Change = (tensor: Tensor, place: TensorPlace) => Tensor;

/** The model with every tensor replaced: those of bodies, functions and sparse tensors included, in file order. */
export function mapTensors(model: Model, change: Change): Model {
  return updated(model, {
    graph: inGraph(model.graph, change),
    functions: mapList(model.functions, (definition) =>
      updated(definition, { nodes: mapList(definition.nodes, (node) => inNode(node, change)) }),
    ),
  });
}

/** Every tensor of the model, in the same order. */
export function tensorsOf(model: Model): readonly Tensor[] {
  const tensors: Tensor[] = [];
  mapTensors(model, (tensor) => {
    tensors.push(tensor);
    return tensor;
  });
  return tensors;
}

function inGraph(graph: Graph, change: Change): Graph {
  return updated(graph, {
    nodes: mapList(graph.nodes, (node) => inNode(node, change)),
    initializers: mapList(graph.initializers, (tensor) => change(tensor, 'initializer')),
    sparseInitializers: mapList(graph.sparseInitializers, (sparse) => inSparse(sparse, change)),
  });
}

function inNode(node: Node, change: Change): Node {
  const attributes = mapAttributes(node.attributes, (attribute) => inAttribute(attribute, change));
  return mapBodies(updated(node, { attributes }), (body) => inGraph(body, change));
}

function inAttribute(attribute: Attribute, change: Change): Attribute {
  const inside = (tensor: Tensor) => change(tensor, 'attribute');
  if (attribute.kind === 'tensor') return updated(attribute, { value: inside(attribute.value) });
  if (attribute.kind === 'tensors') {
    return updated(attribute, { value: mapList(attribute.value, inside) });
  }
  if (attribute.kind === 'sparseTensor') {
    return updated(attribute, { value: inSparse(attribute.value, change) });
  }
  if (attribute.kind !== 'sparseTensors') return attribute;
  return updated(attribute, {
    value: mapList(attribute.value, (sparse) => inSparse(sparse, change)),
  });
}

function inSparse(sparse: SparseTensor, change: Change): SparseTensor {
  return updated(sparse, {
    values: change(sparse.values, 'attribute'),
    indices: change(sparse.indices, 'attribute'),
  });
}
