import type { Attribute, Graph, Model, Node, SparseTensor, Tensor } from './model';
import { mapAttributes, mapList, updated } from './records';

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
  return updated(node, {
    attributes: mapAttributes(node.attributes, (attribute) => inAttribute(attribute, change)),
  });
}

function inAttribute(attribute: Attribute, change: Change): Attribute {
  switch (attribute.kind) {
    case 'tensor':
      return updated(attribute, { value: change(attribute.value, 'attribute') });
    case 'tensors':
      return updated(attribute, { value: mapList(attribute.value, (t) => change(t, 'attribute')) });
    case 'graph':
      return updated(attribute, { value: inGraph(attribute.value, change) });
    case 'graphs':
      return updated(attribute, { value: mapList(attribute.value, (g) => inGraph(g, change)) });
    case 'sparseTensor':
      return updated(attribute, { value: inSparse(attribute.value, change) });
    case 'sparseTensors':
      return updated(attribute, { value: mapList(attribute.value, (s) => inSparse(s, change)) });
    default:
      return attribute;
  }
}

function inSparse(sparse: SparseTensor, change: Change): SparseTensor {
  return updated(sparse, {
    values: change(sparse.values, 'attribute'),
    indices: change(sparse.indices, 'attribute'),
  });
}
