import type { NodeEntry, Scope } from '../../onnx/graph';
import type { Tensor } from '../../onnx/model';
import { constantTensor } from '../../structure/constants';
import type { Layer, Weight } from '../../structure/structure';
import { doesNotFit, fits, type Fit } from '../action';
import { linearFit, linearOf, type Linear } from '../linear';

/** A convolution with a constant float weight [M, C / groups, …]. */
export interface Convolution {
  readonly kind: 'convolution';
  readonly entry: NodeEntry;
  readonly weight: Weight;
  /** Value that is convolved. */
  readonly input: string;
  /** Name of the constant bias [M], '' without. */
  readonly bias: string;
}

/** A matrix product with a constant float weight, and the bias that follows it. */
export interface Product {
  readonly kind: 'product';
  readonly entry: NodeEntry;
  readonly linear: Linear;
  readonly input: string;
  /** Name of the constant bias [N] that the kernel adds, '' without. */
  readonly bias: string;
  /** Name of a bias that it cannot add: a Gemm's may be one number for all outputs, or a row for every input; '' without. */
  readonly otherBias: string;
  /** The Add of the bias, where that is a node of its own. */
  readonly add: NodeEntry | undefined;
}

export type Site = Convolution | Product;

/** The layer as integer arithmetic can take it. Only of layers that `siteFit` fits. */
export function siteOf(layer: Layer): Site | undefined {
  const entry = layer.main;
  const [input = '', , bias = ''] = entry.node.inputs;
  if (entry.node.op === 'Conv') {
    const weight = layer.weights.find(({ name }) => name === entry.node.inputs[1]);
    return weight && { kind: 'convolution', entry, weight, input, bias };
  }
  const linear = linearOf(layer);
  if (!linear) return undefined;
  const site = { kind: 'product', entry, linear, input, add: undefined } as const;
  const { bias: own, n } = linear;
  if (own && !isRow(entry.scope, own, n)) return { ...site, bias: '', otherBias: own };
  if (own) return { ...site, bias: own, otherBias: '' };
  const added = addedBias(entry, n);
  return { ...site, bias: added?.bias ?? '', otherBias: '', add: added?.add };
}

/** Whether a layer is a convolution or a product that runs on integers, and if not, why. */
export function siteFit(layer: Layer): Fit {
  if (layer.main.scope.parent) {
    return doesNotFit('It stands in a branch or loop, where its values cannot be watched.');
  }
  if (layer.part !== 'convolution' && layer.main.node.op !== 'Conv') return linearFit(layer);
  return convolutionFit(layer);
}

function convolutionFit(layer: Layer): Fit {
  const { node, scope } = layer.main;
  if (layer.weights.some(({ kind }) => kind === 'scale' || kind === 'zeroPoint')) {
    return doesNotFit('Its weights are quantized already.');
  }
  if (node.op !== 'Conv' || node.domain !== '') {
    return doesNotFit(`The runtime has no fast 8-bit kernel for ${node.op}: it would get slower.`);
  }
  const weight = layer.weights.find(({ name }) => name === node.inputs[1]);
  if (!weight) return doesNotFit('Its weight is computed while the model runs.');
  if (weight.tensor.dtype !== 'float32') {
    return doesNotFit(`Its weights are ${weight.tensor.dtype}; the kernel takes float32.`);
  }
  const [, , bias = ''] = node.inputs;
  if (bias && constantOf(scope, bias)?.dtype !== 'float32') {
    return doesNotFit('Its bias is computed while the model runs.');
  }
  return fits;
}

/** The tensor behind a name: an initializer that callers cannot override, or what a Constant node holds. */
export function constantOf(scope: Scope, name: string): Tensor | undefined {
  const tensor = scope.initializers.get(name);
  if (tensor) return scope.inputNames.has(name) ? undefined : tensor;
  const producer = scope.producers.get(name);
  return producer?.node.op === 'Constant' ? constantTensor(producer.node) : undefined;
}

/** The only node that reads a value, which nobody fetches either. */
export function onlyReader(scope: Scope, name: string): NodeEntry | undefined {
  const readers = scope.consumers.get(name) ?? [];
  const [reader] = readers;
  const isFetched = scope.graph.outputs.some((output) => output.name === name);
  return readers.length === 1 && !isFetched && reader?.scope === scope ? reader : undefined;
}

function addedBias({ node, scope }: NodeEntry, n: number) {
  const [output = ''] = node.outputs;
  const add = onlyReader(scope, output);
  if (add?.node.op !== 'Add') return undefined;
  const bias = add.node.inputs.find((name) => name !== output) ?? '';
  return isRow(scope, bias, n) ? { add, bias } : undefined;
}

function isRow(scope: Scope, bias: string, n: number): boolean {
  const tensor = constantOf(scope, bias);
  return tensor?.shape.length === 1 && tensor.shape[0] === n && tensor.dtype === 'float32';
}
