import { floatAttribute, intAttribute } from '../onnx/attributes';
import { consumersOf, producerOf } from '../onnx/graph';
import type { Node } from '../onnx/model';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { storedBytes } from '../onnx/weights';
import type { Layer, Weight } from '../structure/structure';
import { transpose } from '../tensor/linalg';
import { doesNotFit, fits, type Fit, type Saving } from './action';
import { storedValue, type StoredValue } from './storedValue';

/** A matrix product with a constant weight, whatever operator writes it. */
export interface Linear {
  readonly node: Node;
  readonly weight: Weight;
  /** The weight as it is stored, before any Transpose: [K, N], or [N, K] where it is `transposed`. */
  readonly stored: StoredValue;
  /** Input and output channels. */
  readonly k: number;
  readonly n: number;
  readonly transposed: boolean;
  /** Factor on the product. */
  readonly alpha: number;
  /** Third input of Gemm, '' without. */
  readonly bias: string;
  /** Factor on the bias. */
  readonly beta: number;
}

/** Operators whose second input may be a layer's weight. */
const linearOps: readonly string[] = ['MatMul', 'Gemm', 'FusedMatMul', 'FusedGemm'];

/** Operators that take a weight as a state, under a name that their bodies give it. */
const carriers: readonly string[] = ['Loop', 'Scan'];

/** The layer as a matrix product; undefined for layers that are none, or whose weight is no plain matrix of floats. */
export function linearOf(layer: Layer): Linear | undefined {
  const { node } = layer.main;
  const given = linearOps.includes(node.op) ? matrixOf(layer) : undefined;
  const weights = layer.weights.filter((each) => each.kind === 'weight');
  const weight = weights.find(({ tensor }) => given?.stored.sources.includes(tensor)) ?? weights[0];
  if (!weight || !given) return undefined;
  const { stored } = given;
  const [rows = 0, columns = 0] = stored.shape;
  const transposed = given.transposed !== (intAttribute(node, 'transB', 0) === 1);
  return {
    ...{ node, weight, stored, transposed },
    k: transposed ? columns : rows,
    n: transposed ? rows : columns,
    alpha: floatAttribute(node, 'alpha', 1),
    beta: floatAttribute(node, 'beta', 1),
    bias: node.op === 'Gemm' ? (node.inputs[2] ?? '') : '',
  };
}

/** The second input, and whether it is a stored matrix turned by a Transpose, as exporters write tied heads. */
function matrixOf({ main }: Layer): { stored: StoredValue; transposed: boolean } | undefined {
  const [, name = ''] = main.node.inputs;
  const value = storedValue(main.scope, name);
  if (value?.shape.length !== 2) return undefined;
  if (value.how !== 'T1,0()') return { stored: value, transposed: false };
  const made = producerOf(main.scope, name);
  const stored = made && storedValue(made.scope, made.node.inputs[0] ?? '');
  return stored && { stored, transposed: true };
}

/** Whether a layer is a linear whose input and result the quantized forms can take, and if not, why. */
export function linearFit(layer: Layer): Fit {
  const quantized = layer.weights.some(
    (weight) => weight.kind === 'scale' || weight.kind === 'zeroPoint',
  );
  if (quantized) return doesNotFit('Its weights are quantized already.');
  const linear = linearOf(layer);
  if (!linear) return doesNotFit(`${layer.op} is not a linear layer with a constant float weight.`);
  const { node, stored } = linear;
  if (stored.dtype !== 'float32') {
    return doesNotFit(`Its weights and inputs are ${stored.dtype}; the kernels take float32.`);
  }
  const [, name = ''] = node.inputs;
  const { scope } = layer.main;
  if (consumersOf(scope, name).some((reader) => carriers.includes(reader.node.op))) {
    return doesNotFit('A loop carries its weight as well: it would be stored twice.');
  }
  if (linear.k * linear.n === 0) return doesNotFit('Its weight is empty.');
  const turns = ['transA', 'transBatchA', 'transBatchB'];
  if (turns.some((name) => intAttribute(node, name, 0) !== 0)) {
    return doesNotFit('It transposes its input.');
  }
  if (node.op === 'FusedGemm')
    return doesNotFit('Its activation is fused into it: start from the unfused model.');
  if (linear.beta !== 1 && linear.bias) return doesNotFit('It scales its bias.');
  return fits;
}

/** The weight as float32 [K, N], row by row. */
export function readWeight(
  { stored, k, n, transposed, alpha }: Linear,
  open: OpenExternal | undefined,
): Float32Array {
  const values = stored.read(open);
  const plain = transposed ? transpose(values, n, k) : values;
  return alpha === 1 ? plain : plain.map((value) => value * alpha);
}

/** Bytes of the layer's stored tensors; matrices that it shares with an earlier layer are counted there. */
export function ownBytes(layer: Layer): number {
  return layer.weights.reduce((sum, weight) => sum + bytesHere(layer, weight), 0);
}

function bytesHere(layer: Layer, weight: Weight): number {
  return isStoredEarlier(layer, weight) ? 0 : storedBytes(weight.tensor);
}

/** Whether a weight is the very tensor of an earlier layer; one stored a second time takes its own bytes. */
export function isStoredEarlier(layer: Layer, { tensor, parameters, original }: Weight): boolean {
  return layer.tiedTo !== undefined && !original && parameters > 0 && tensor.shape.length > 1;
}

/** The saving of storing one of the layer's weights in `bytes`; none where an earlier layer stores it. */
export function replaced(layer: Layer, weight: Weight | undefined, bytes: number): Saving {
  const before = ownBytes(layer);
  const own = weight ? bytesHere(layer, weight) : 0;
  return { before, after: own > 0 ? before - own + bytes : before };
}
