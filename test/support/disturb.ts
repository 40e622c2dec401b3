import type { Random } from '../../src/base/random';
import type { Model, Node, Tensor } from '../../src/onnx/model';
import { mapTensors } from '../../src/onnx/tensors';
import { dtypes, type DType } from '../../src/tensor/dtype';

const pick = <T>(random: Random, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)]!;
const types = Object.keys(dtypes) as DType[];
const sizes = [0, 1, 2, 3, 1000, 2 ** 31, 2 ** 52];

/** A model that is well-formed on the wire and wrong in what it says: shapes, types, names, order and calls at random, `share` of them. */
export function disturbed(model: Model, random: Random, share = 0.2): Model {
  const names = model.graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs]);
  const often = () => random() < share;
  const tensors = mapTensors(model, (tensor): Tensor => {
    if (!often()) return tensor;
    const shape = Array.from({ length: Math.floor(random() * 4) }, () => pick(random, sizes));
    return random() < 0.5 ? { ...tensor, shape } : { ...tensor, dtype: pick(random, types) };
  });
  const changeName = (name: string) => (often() ? pick(random, names) : name);
  const changed = (node: Node): Node => ({
    ...node,
    inputs: node.inputs.map(changeName),
    outputs: node.outputs.map(changeName),
    op: often() ? pick(random, ['', 'If', 'Twice', 'Loop']) : node.op,
    domain: often() ? pick(random, ['', 'local', 'other']) : node.domain,
  });
  const nodes = (list: readonly Node[]) => {
    const shuffled = list.map(changed);
    if (often()) shuffled.reverse();
    return often() ? [...shuffled, ...shuffled] : shuffled;
  };
  return {
    ...tensors,
    graph: { ...tensors.graph, nodes: nodes(tensors.graph.nodes) },
    functions: tensors.functions.map((each) => ({ ...each, nodes: nodes(each.nodes) })),
  };
}
