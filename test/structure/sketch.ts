import { seededRandom } from '../../src/base/random';
import type { AttributeValue, Model, Node, Tensor, ValueInfo } from '../../src/onnx/model';
import type { Layer, Structure } from '../../src/structure/structure';
import type { DType } from '../../src/tensor/dtype';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { structureOfModel } from './structures';

/**
 * A model from lines such as
 *   in ids 1x8 int64
 *   q = MatMul x Wq:16x16
 *   kt = Transpose{perm=0,2,1} k
 *   s = Mul p 0.25
 *   r = Reshape q [1,8,4,4]
 * where `name:16x16` is a weight of random numbers (`name:16x16:uint8` of another type), a number a stored scalar and
 * `[1,2]` a stored list of integers. The last line's result is the output.
 */
export function sketch(text: string): Model {
  const lines = text.split('\n').map((line) => line.trim());
  const made = {
    nodes: [] as Node[],
    inputs: [] as ValueInfo[],
    tensors: new Map<string, Tensor>(),
  };
  for (const line of lines.filter((each) => each !== '')) {
    const input = /^in (\S+) (\S+)(?: (\S+))?$/.exec(line);
    if (input)
      made.inputs.push(aValue(input[1]!, (input[3] ?? 'float32') as DType, sides(input[2]!)));
    else made.nodes.push(nodeOf(line, made.tensors));
  }
  const output = made.nodes.at(-1)?.outputs[0] ?? 'x';
  const graph = {
    nodes: made.nodes,
    inputs: made.inputs,
    initializers: [...made.tensors.values()],
  };
  return aModel({ ...graph, outputs: [aValue(output, 'float32')] });
}

export const structureOfSketch = (text: string): Structure => structureOfModel(sketch(text));

/** The roles of the layers with weights, by the weight's name: `{ Wq: 'query' }`. */
export function rolesIn(structure: Structure): Record<string, string> {
  return Object.fromEntries(
    structure.layers.flatMap((layer) =>
      layer.weights
        .filter((weight) => weight.parameters > 0 && weight.name.startsWith('W'))
        .map((weight) => [weight.name, layer.role]),
    ),
  );
}

/** The layer whose nodes make a value. */
export function layerMaking(structure: Structure, value: string): Layer {
  const layer = structure.layers.find((each) =>
    each.nodes.some((entry) => entry.node.outputs.includes(value)),
  );
  if (!layer) throw new Error(`nothing makes ${value}`);
  return layer;
}

const sides = (text: string) =>
  text.split('x').map((side) => (/^\d+$/.test(side) ? Number(side) : side));

function nodeOf(line: string, tensors: Map<string, Tensor>): Node {
  const [, outputs = '', op = '', attributes = '', inputs = ''] =
    /^(\S+) = ([\w.]+)(?:\{([^}]*)\})? ?(.*)$/.exec(line) ?? [];
  const names = inputs.split(' ').filter((name) => name !== '');
  const domain = op.includes('.') ? op.slice(0, op.lastIndexOf('.')) : '';
  return aNode(
    op.slice(op.lastIndexOf('.') + 1),
    names.map((name) => (name === '-' ? '' : inputOf(name, tensors))),
    outputs.split(','),
    attributesOf(attributes),
    { domain },
  );
}

function inputOf(name: string, tensors: Map<string, Tensor>): string {
  const weight = /^(\w+):([\dx]+)(?::(\w+))?$/.exec(name);
  const tensor = weight
    ? randomTensor(weight[1]!, weight[2]!, (weight[3] ?? 'float32') as DType)
    : /^\[.*\]$/.test(name)
      ? listTensor(name)
      : /^-?[\d.]+(e-?\d+)?$/.test(name)
        ? aTensor(`number ${name}`, 'float32', [], [Number(name)])
        : undefined;
  if (tensor && !tensors.has(tensor.name)) tensors.set(tensor.name, tensor);
  return tensor?.name ?? name;
}

function randomTensor(name: string, shape: string, dtype: DType): Tensor {
  const size = shape.split('x').map(Number);
  const count = size.reduce((product, side) => product * side, 1);
  const random = seededRandom(
    [...name].reduce((sum, letter) => 31 * sum + letter.charCodeAt(0), 7),
  );
  const whole = dtype !== 'float32' && dtype !== 'float16';
  const values = Array.from({ length: count }, () =>
    whole ? Math.floor(random() * 100) : random() - 0.5,
  );
  return aTensor(name, dtype, size, values);
}

function listTensor(name: string): Tensor {
  const values = (JSON.parse(name) as number[]).map(Number);
  return aTensor(`list ${name}`, 'int64', [values.length], values);
}

function attributesOf(text: string): Record<string, AttributeValue> {
  const pairs = text.split(' ').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return [name, attributeOf(value)];
    }),
  );
}

function attributeOf(value: string): AttributeValue {
  if (/^-?\d+$/.test(value)) return { kind: 'int', value: BigInt(value) };
  if (/^[-\d,]+$/.test(value)) {
    return {
      kind: 'ints',
      value: value
        .split(',')
        .filter((each) => each !== '')
        .map(BigInt),
    };
  }
  return { kind: 'string', value: new TextEncoder().encode(value.replace('~', '->')) };
}
