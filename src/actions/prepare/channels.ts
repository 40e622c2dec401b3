import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../onnx/attributes';
import type { NodeEntry } from '../../onnx/graph';
import { elementCount, type Tensor } from '../../onnx/model';
import { storedFloats } from './constants';
import { isOp } from './whole';

/** How the weights of a convolution or a Gemm lie, channel by channel. */
export interface Channels {
  readonly weight: Tensor;
  /** [outputs]; undefined where there is none. */
  readonly bias: Tensor | undefined;
  readonly outputs: number;
  readonly inputs: number;
  /** Output and input channel that a weight element belongs to, by its place. */
  readonly outputOf: (at: number) => number;
  readonly inputOf: (at: number) => number;
  /** No element of the input is made up: a shift of the input is a shift of the output. */
  readonly unpadded: boolean;
}

/** The channels of a node with stored float32 weights; undefined for other nodes, and where the bias is not one number per channel. */
export function channelsOf(entry: NodeEntry): Channels | undefined {
  const { node, scope } = entry;
  const weight = storedFloats(scope, node.inputs[1] ?? '');
  if (!weight) return undefined;
  const layout = layoutOf(entry, weight);
  if (!layout) return undefined;
  const [, , biasName = ''] = node.inputs;
  const bias = biasName === '' ? undefined : storedFloats(scope, biasName);
  const isVector = bias?.shape.length === 1 && bias.shape[0] === layout.outputs;
  if (biasName !== '' && !isVector) return undefined;
  return { weight, bias, ...layout };
}

type Layout = Omit<Channels, 'weight' | 'bias'>;

function layoutOf(entry: NodeEntry, weight: Tensor): Layout | undefined {
  if (isOp(entry, 'Conv')) return convolution(entry, weight, false);
  if (isOp(entry, 'ConvTranspose')) return convolution(entry, weight, true);
  return isOp(entry, 'Gemm') ? product(entry, weight) : undefined;
}

/** Conv stores [out, in / group, …], ConvTranspose [in, out / group, …]. */
function convolution({ node }: NodeEntry, { shape }: Tensor, transposed: boolean): Layout {
  const group = intAttribute(node, 'group', 1);
  const [first = 0, second = 0] = shape;
  const inner = elementCount(shape.slice(2));
  const perGroup = Math.max(1, first / group);
  const row = (at: number) => Math.floor(at / (inner * second));
  const grouped = (at: number) =>
    Math.floor(row(at) / perGroup) * second + (Math.floor(at / inner) % second);
  const pads = intsAttribute(node, 'pads') ?? [];
  const fixed = ['NOTSET', 'VALID'].includes(stringAttribute(node, 'auto_pad', 'NOTSET'));
  return {
    outputs: transposed ? second * group : first,
    inputs: transposed ? first : second * group,
    outputOf: transposed ? grouped : row,
    inputOf: transposed ? row : grouped,
    // A transposed convolution reaches some places of its output from fewer inputs than others.
    unpadded: !transposed && fixed && pads.every((pad) => pad === 0),
  };
}

function product({ node }: NodeEntry, { shape }: Tensor): Layout | undefined {
  const plain =
    intAttribute(node, 'transA', 0) === 0 &&
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1;
  const [rows = 0, columns = 0] = shape;
  if (!plain || shape.length !== 2) return undefined;
  const transposed = intAttribute(node, 'transB', 0) === 1;
  const row = (at: number) => Math.floor(at / columns);
  const column = (at: number) => at % columns;
  return {
    outputs: transposed ? rows : columns,
    inputs: transposed ? columns : rows,
    outputOf: transposed ? row : column,
    inputOf: transposed ? column : row,
    unpadded: true,
  };
}

export interface Folded {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** A factor and a shift of every channel, [channels] each. */
export interface Affine {
  readonly factor: Float64Array;
  readonly shift: Float64Array;
}

/** Weights and bias of a layer whose output is then multiplied and shifted by channel. */
export function scaledOut(
  weight: Float32Array,
  bias: Float32Array,
  { outputOf }: Channels,
  { factor, shift }: Affine,
): Folded {
  return {
    weight: weight.map((value, at) => value * (factor[outputOf(at)] ?? 1)),
    bias: bias.map((value, at) => value * (factor[at] ?? 1) + (shift[at] ?? 0)),
  };
}

/** Weights and bias of a layer whose input was multiplied and shifted by channel before. */
export function scaledIn(
  weight: Float32Array,
  bias: Float32Array,
  { inputOf, outputOf }: Channels,
  { factor, shift }: Affine,
): Folded {
  const sums = Float64Array.from(bias);
  weight.forEach((value, at) => {
    const out = outputOf(at);
    sums[out] = (sums[out] ?? 0) + value * (shift[inputOf(at)] ?? 0);
  });
  return {
    weight: weight.map((value, at) => value * (factor[inputOf(at)] ?? 1)),
    bias: Float32Array.from(sums),
  };
}
