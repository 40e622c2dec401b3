import { floatAttribute, intAttribute } from '../onnx/attributes';
import type { Node, Tensor } from '../onnx/model';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { storedBytes, tensorValues } from '../onnx/weights';
import type { Layer, Weight } from '../structure/structure';
import { transpose } from '../tensor/linalg';
import { doesNotFit, fits, type Fit, type Saving } from './action';

/** A matrix product with a constant weight, whatever operator writes it. */
export interface Linear {
  readonly node: Node;
  readonly weight: Weight;
  /** Input and output channels. */
  readonly k: number;
  readonly n: number;
  /** The weight is stored [N, K]. */
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

/** Types a weight may be stored in to be quantized from. */
const floats: readonly string[] = ['float32', 'float16', 'bfloat16', 'float64'];

/** The layer as a matrix product; undefined for layers that are none, or whose weight is no plain matrix of floats. */
export function linearOf(layer: Layer): Linear | undefined {
  const { node } = layer.main;
  const weight = layer.weights.find((each) => each.kind === 'weight');
  const shape = weight?.tensor.shape ?? [];
  const [rows = 0, columns = 0] = shape;
  const isPlain =
    weight !== undefined &&
    linearOps.includes(node.op) &&
    node.inputs[1] === weight.name &&
    shape.length === 2 &&
    floats.includes(weight.tensor.dtype);
  if (!isPlain) return undefined;
  const transposed = intAttribute(node, 'transB', 0) === 1;
  return {
    node,
    weight,
    transposed,
    k: transposed ? columns : rows,
    n: transposed ? rows : columns,
    alpha: floatAttribute(node, 'alpha', 1),
    beta: floatAttribute(node, 'beta', 1),
    bias: node.op === 'Gemm' ? (node.inputs[2] ?? '') : '',
  };
}

/** Whether a layer is a linear whose input and result the quantized forms can take, and if not, why. */
export function linearFit(layer: Layer): Fit {
  const quantized = layer.weights.some(
    (weight) => weight.kind === 'scale' || weight.kind === 'zeroPoint',
  );
  if (quantized) return doesNotFit('Its weights are quantized already.');
  const linear = linearOf(layer);
  if (!linear) return doesNotFit(`${layer.op} is not a linear layer with a constant float weight.`);
  const { node, weight } = linear;
  if (weight.tensor.dtype !== 'float32') {
    return doesNotFit(
      `Its weights and inputs are ${weight.tensor.dtype}; the kernels take float32.`,
    );
  }
  if (intAttribute(node, 'transA', 0) !== 0) return doesNotFit('It transposes its input.');
  if (node.op === 'FusedGemm')
    return doesNotFit('Its activation is fused into it: start from the unfused model.');
  if (linear.beta !== 1 && linear.bias) return doesNotFit('It scales its bias.');
  return fits;
}

/** The weight as float32 [K, N], row by row. */
export function readWeight(
  { weight, k, n, transposed, alpha }: Linear,
  open: OpenExternal | undefined,
): Float32Array {
  const values = floatValues(weight.tensor, open);
  const plain = transposed ? transpose(values, n, k) : values;
  return alpha === 1 ? plain : plain.map((value) => value * alpha);
}

/** A float tensor's elements as float32. */
export function floatValues(tensor: Tensor, open: OpenExternal | undefined): Float32Array {
  const values = tensorValues(tensor, open);
  return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
}

/** The saving of storing one of the layer's weights in `bytes`. */
export function replaced(layer: Layer, weight: Weight | undefined, bytes: number): Saving {
  const sizeOf = ({ tensor }: Weight) => storedBytes(tensor);
  const before = layer.weights.reduce((sum, each) => sum + sizeOf(each), 0);
  return { before, after: weight ? before - sizeOf(weight) + bytes : before };
}
