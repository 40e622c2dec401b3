import { intAttribute } from '../onnx/attributes';
import { transpose } from '../tensor/linalg';
import type { Layer, Weight } from '../structure/structure';

/** A weight as rows: one for each output channel, its inputs along it. */
export interface Channels {
  readonly rows: number;
  readonly width: number;
  /** Whether the file has the inputs first, as MatMul does. */
  readonly transposed: boolean;
}

/** Operators whose weight's last axis is the outputs'. */
const inputsFirst: readonly string[] = ['MatMul', 'FusedMatMul', 'ConvTranspose'];
const convolutions: readonly string[] = ['Conv', 'FusedConv', 'NhwcFusedConv', 'ConvTranspose'];
const gemms: readonly string[] = ['Gemm', 'FusedGemm'];

/** How a layer's weight divides into channels: rows of a table and filters of a convolution are channels too. */
export function channelsOf(layer: Layer, { tensor }: Weight): Channels {
  const { op } = layer.main.node;
  const [first = 1, ...rest] = tensor.shape;
  const inner = rest.reduce((product, size) => product * size, 1);
  const isMatrix = tensor.shape.length === 2;
  const isInputsFirst =
    inputsFirst.includes(op) ||
    (gemms.includes(op) && intAttribute(layer.main.node, 'transB', 0) === 0);
  if (isMatrix && isInputsFirst) return { rows: inner, width: first, transposed: true };
  // Recurrent weights are [directions, gates · hidden, inputs]: every direction's gates are channels. Convolutions along one axis have three
  // axes as well, and filters of the last two.
  const isStacked = tensor.shape.length === 3 && !convolutions.includes(op);
  const width = isStacked ? (tensor.shape[2] ?? 1) : inner;
  return { rows: (first * inner) / Math.max(1, width), width, transposed: false };
}

/** A weight as its file has it, changed row by row. `values` stays as it is. */
export function changedRows(
  change: (rows: Float32Array, width: number) => Float32Array,
  values: Float32Array,
  { rows, width, transposed }: Channels,
): Float32Array {
  if (!transposed) return change(values.slice(), width);
  return transpose(change(transpose(values, width, rows), width), rows, width);
}

/** Changes of one weight, as its file has it: its rows are laid out once for all of them. `values` stays as it is. */
export function changedWeights(
  layer: Layer,
  weight: Weight,
  values: Float32Array,
): (change: (rows: Float32Array, width: number) => Float32Array) => Float32Array {
  const { rows, width, transposed } = channelsOf(layer, weight);
  if (!transposed) return (change) => change(values.slice(), width);
  const laid = transpose(values, width, rows);
  // What comes back is a copy: one place serves all changes.
  const place = new Float32Array(laid.length);
  return (change) => {
    place.set(laid);
    return transpose(change(place, width), rows, width);
  };
}
