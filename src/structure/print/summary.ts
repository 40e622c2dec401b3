import { printable } from '../../base/text';
import { intAttribute, intsAttribute, stringAttribute } from '../../onnx/attributes';
import type { Shapes } from '../../onnx/shapes/shapes';
import type { Layer, Weight } from '../structure';

const normNames: Readonly<Record<string, string>> = {
  LayerNormalization: 'layer norm',
  SkipLayerNormalization: 'skip layer norm',
  RMSNormalization: 'RMS norm',
  SimplifiedLayerNormalization: 'RMS norm',
  SkipSimplifiedLayerNormalization: 'skip RMS norm',
  BatchNormalization: 'batch norm',
  InstanceNormalization: 'instance norm',
  GroupNormalization: 'group norm',
};

const recurrentNames = new Set(['LSTM', 'GRU', 'RNN', 'DynamicQuantizeLSTM']);

/** What a layer is in a few words: "linear 384 → 1536", "conv 3×3, 64 → 128, stride 2", "embedding 30522 × 384". */
export function layerSummary(layer: Layer, shapes: Shapes): string {
  const main = mainWeight(layer);
  const op = printable(layer.op, 60);
  if (layer.part === 'norm') {
    const name = normNames[layer.op] ?? 'norm';
    return main ? `${name} ${main.shape.join(' × ')}` : name;
  }
  if (!main) return operators(layer);
  if (layer.part === 'embedding' && main.shape.length === 2) {
    return `embedding ${main.shape.join(' × ')}`;
  }
  if (layer.part === 'convolution') return convolution(layer, main);
  if (recurrentNames.has(layer.op)) return recurrent(layer, main, op);
  if (main.shape.length === 2) return linear(layer, main, shapes);
  return `${op} ${main.shape.join(' × ')}`.trim();
}

function mainWeight(layer: Layer): Weight | undefined {
  const learnt = layer.weights.filter((weight) => weight.parameters > 0);
  return learnt.reduce<Weight | undefined>(
    (most, weight) => (most && most.parameters >= weight.parameters ? most : weight),
    undefined,
  );
}

function linear(layer: Layer, main: Weight, shapes: Shapes): string {
  const [rows = 0, columns = 0] = main.shape;
  const { scope, node } = layer.main;
  const out = shapes.typeOf(scope, node.outputs[0] ?? '')?.shape?.at(-1);
  const turned =
    typeof out === 'number' && rows !== columns
      ? out === rows
      : layer.op === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
  return turned ? `linear ${columns} → ${rows}` : `linear ${rows} → ${columns}`;
}

function convolution(layer: Layer, main: Weight): string {
  const [first = 0, second = 0, ...kernel] = main.shape;
  const { node } = layer.main;
  const groups = intAttribute(node, 'group', 1);
  const transposed = layer.op.startsWith('ConvTranspose');
  const [inputs, outputs] = transposed ? [first, second * groups] : [second * groups, first];
  const strides = intsAttribute(node, 'strides') ?? [];
  const stride = strides.every((size) => size === strides[0]) ? strides[0] : strides.join('×');
  const depthwise = groups > 1 && second === 1;
  const channels = depthwise && inputs === outputs ? `${inputs}` : `${inputs} → ${outputs}`;
  return [
    `${depthwise ? 'depthwise ' : ''}${transposed ? 'transposed ' : ''}conv ${kernel.join('×')}`.trim(),
    channels,
    ...(groups > 1 && !depthwise ? [`${groups} groups`] : []),
    ...(stride !== undefined && stride !== 1 ? [`stride ${stride}`] : []),
  ].join(', ');
}

/** Weights [directions, gates × hidden, input] of LSTM, GRU and RNN; [directions, input, gates × hidden] of the quantized one. */
function recurrent(layer: Layer, main: Weight, op: string): string {
  const { node } = layer.main;
  const hidden = intAttribute(node, 'hidden_size');
  const both = stringAttribute(node, 'direction') === 'bidirectional' ? ', both ways' : '';
  const name = op === 'DynamicQuantizeLSTM' ? 'quantized LSTM' : op;
  const first = layer.weights.find((weight) => weight.name === node.inputs[1]) ?? main;
  const input = first.shape[op === 'DynamicQuantizeLSTM' ? 1 : 2];
  return hidden === undefined || input === undefined ? name : `${name} ${input} → ${hidden}${both}`;
}

/** Operators of a layer without weights: "MatMul, Mul, Softmax". */
function operators(layer: Layer): string {
  const all = [...new Set(layer.nodes.map(({ node }) => printable(node.op, 60)))];
  const main = printable(layer.op, 60);
  const ordered = all.includes(main) ? [main, ...all.filter((op) => op !== main)] : all;
  const shown = ordered.slice(0, 3).join(', ');
  return ordered.length > 3 ? `${shown}, …` : shown;
}
