import { quantizeAffine } from '../kernels/affine';
import { intAttribute } from '../onnx/attributes';
import { computedTensor, makeAttribute, makeNode, makeTensor } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Tensor } from '../onnx/model';
import { transpose } from '../tensor/linalg';
import type { Layer } from '../structure/structure';
import { doesNotFit, fits, type Fit, type Saving, type Workbench } from './action';
import { ownBytes } from './linear';
import { isSame, storedValue, type StoredValue } from './storedValue';

/** An LSTM's matrices as ONNX has them: input [directions, 4 · hidden, features], recurrent [directions, 4 · hidden, hidden]. */
export interface Recurrent {
  readonly input: StoredValue;
  readonly hidden: StoredValue;
  /** Width of the state. */
  readonly size: number;
}

/** Operators that carry a state from step to step. */
const recurrentOps: readonly string[] = ['LSTM', 'GRU', 'RNN', 'DynamicQuantizeLSTM'];

export const isRecurrent = (layer: Layer): boolean => recurrentOps.includes(layer.main.node.op);

/** The layer as an LSTM with stored matrices; undefined for any other. */
function recurrentOf(layer: Layer): Recurrent | undefined {
  const { node, scope } = layer.main;
  if (node.op !== 'LSTM' || node.domain !== '') return undefined;
  const [, w = '', r = ''] = node.inputs;
  const input = storedValue(scope, w);
  const hidden = storedValue(scope, r);
  if (input?.shape.length !== 3 || hidden?.shape.length !== 3) return undefined;
  return { input, hidden, size: hidden.shape[2] ?? 0 };
}

/** Whether the runtime's 8-bit kernel can take the layer's place, and if not, why. */
export function recurrentFit(layer: Layer): Fit {
  const { node } = layer.main;
  if (node.op === 'DynamicQuantizeLSTM') return doesNotFit('Its weights are quantized already.');
  if (node.op !== 'LSTM') {
    return doesNotFit(`The runtime has an 8-bit kernel for LSTM, not for ${node.op}.`);
  }
  const found = recurrentOf(layer);
  if (!found) return doesNotFit('Its weights are computed while the model runs.');
  if (found.input.dtype !== 'float32' || found.hidden.dtype !== 'float32') {
    return doesNotFit(`Its weights are ${found.input.dtype}; the kernel takes float32.`);
  }
  if (intAttribute(node, 'layout', 0) !== 0) {
    return doesNotFit('Its batch comes first (layout 1), which the 8-bit kernel does not have.');
  }
  return fits;
}

/** Codes, scales and zero points of both matrices instead of the floats; biases stay. */
export function recurrentSaving(layer: Layer): Saving {
  const before = ownBytes(layer);
  const found = layer.tiedTo === undefined ? recurrentOf(layer) : undefined;
  if (!found) return { before, after: before };
  const saved = [found.input, found.hidden].reduce((sum, value) => sum + bytesSaved(value), 0);
  return { before, after: before - saved };
}

function bytesSaved({ shape }: StoredValue): number {
  const [directions = 1, gates = 1, width = 1] = shape;
  return directions * gates * (4 * width - width - 4);
}

/**
 * DynamicQuantizeLSTM in the place of LSTM: signed, symmetric, one scale per gate and unit, without which one outlier spoils all.
 * LSTMs that read the same weights, as those in two branches of an If do, share their codes, which lie in the main graph.
 */
export function recurrentEdits(
  bench: Workbench,
  layers: readonly Layer[],
  reduceRange: boolean,
): Edit[] {
  const packed: { readonly value: StoredValue; readonly matrix: Matrix }[] = [];
  const zeroPoints = new Map<string, Tensor>();
  return layers.flatMap((layer) => {
    const found = recurrentOf(layer);
    if (!found) return [];
    const edits: Edit[] = [];
    const [input, hidden] = [found.input, found.hidden].map((value, i) => {
      const known = packed.find((each) => isSame(each.value, value));
      if (known) return known.matrix;
      const name = layer.main.node.inputs[i + 1] ?? '';
      const zeros = zerosFor(bench, value, zeroPoints);
      const made = packedMatrix(bench, name, value, zeros, reduceRange);
      edits.push(...made.edits);
      packed.push({ value, matrix: made.matrix });
      return made.matrix;
    }) as [Matrix, Matrix];
    return [...edits, ...replacement(bench, layer, { input, hidden, size: found.size })];
  });
}

/** Zero points of a matrix, which are zero: all matrices of equal height have the same. The kernel wants one for each scale. */
function zerosFor(
  { names }: Workbench,
  { shape }: StoredValue,
  known: Map<string, Tensor>,
): Tensor {
  const [directions = 1, gates = 1] = shape;
  const key = `${directions} ${gates}`;
  const found = known.get(key);
  if (found) return found;
  const values = new Int8Array(directions * gates);
  const made = makeTensor(names.fresh(`zero_points_${gates}`), 'int8', [directions, gates], values);
  known.set(key, made);
  return made;
}

/** Names of the tensors that a quantized matrix is stored in. */
interface Matrix {
  readonly codes: string;
  readonly scales: string;
  readonly zeroPoints: string;
}

function packedMatrix(
  { names, open, remember, structure }: Workbench,
  name: string,
  value: StoredValue,
  zeroPoints: Tensor,
  reduceRange: boolean,
): { matrix: Matrix; edits: Edit[] } {
  const [directions = 1, gates = 1, width = 1] = value.shape;
  const matrix: Matrix = {
    codes: names.fresh(`${name}_quantized`),
    scales: names.fresh(`${name}_scale`),
    zeroPoints: zeroPoints.name,
  };
  const rows = directions * gates;
  const options = { dtype: 'int8', symmetric: true, axis: 0, reduceRange } as const;
  const quantize = remember(() => quantizeAffine(value.read(open), [rows, width], options));
  const codes = () => turned(quantize().codes as Int8Array, directions, gates, width);
  const tensors = [
    computedTensor(matrix.codes, 'int8', [directions, width, gates], codes),
    computedTensor(matrix.scales, 'float32', [directions, gates], () => quantize().scales),
    zeroPoints,
  ];
  const scope = structure.index.main;
  return { matrix, edits: tensors.map((tensor) => ({ kind: 'setTensor', scope, tensor })) };
}

/** [directions, rows, columns] → [directions, columns, rows]. */
function turned(codes: Int8Array, directions: number, rows: number, columns: number): Int8Array {
  const result = new Int8Array(codes.length);
  const size = rows * columns;
  for (let d = 0; d < directions; d++) {
    const one = Float32Array.from(codes.subarray(d * size, (d + 1) * size));
    result.set(transpose(one, rows, columns), d * size);
  }
  return result;
}

function replacement(
  { names }: Workbench,
  { main }: Layer,
  { input, hidden, size }: { input: Matrix; hidden: Matrix; size: number },
): Edit[] {
  const { node } = main;
  // Inputs: X, W, R, B, sequence lengths, initial state and cell, peepholes.
  const rest = Array.from({ length: 5 }, (_, i) => node.inputs[i + 3] ?? '');
  const inputs = [
    ...[node.inputs[0] ?? '', input.codes, hidden.codes, ...rest],
    ...[input.scales, input.zeroPoints, hidden.scales, hidden.zeroPoints],
  ];
  const made = makeNode('DynamicQuantizeLSTM', inputs, node.outputs, {
    name: names.fresh(`${node.name || main.id}_quantized`),
    domain: 'com.microsoft',
  });
  const kept = [...node.attributes.values()].filter(({ name }) => name !== 'layout');
  const attributes = new Map(kept.map((attribute) => [attribute.name, attribute]));
  if (!attributes.has('hidden_size')) {
    attributes.set('hidden_size', makeAttribute('hidden_size', size));
  }
  return [
    { kind: 'replaceNode', entry: main, nodes: [{ ...made, attributes }] },
    { kind: 'importOpset', domain: 'com.microsoft', version: 1 },
  ];
}
