import { intAttribute } from '../onnx/attributes';
import { consumersOf } from '../onnx/graph';
import type { Tensor } from '../onnx/model';
import { storedBytes } from '../onnx/weights';
import type { LayerChange } from '../protocol/build';
import { type Layer, sharingKey, type Structure, type Weight } from '../structure/structure';
import { dtypes } from '../tensor/dtype';
import {
  baseName,
  byWeightName,
  type Fused,
  fusedLayers,
  hasWeights,
  matchLayers,
  type Pair,
  sidesText,
  uniqueOwners,
} from './layerMatch';
import { learntTensors } from './stored';

/**
 * What became of every layer, in the original's order, added ones last. A layer that was compressed is one changed layer, however many
 * nodes it has become: layers are matched by id, then by what they write, by their weights' names, and by place and shape.
 */
export function layerChanges(reference: Structure, candidate: Structure): LayerChange[] {
  const matched = new Map(matchLayers(reference.layers, candidate.layers));
  const taken = new Set(matched.values());
  const left = candidate.layers.filter((layer) => !taken.has(layer));
  const helpers = helpersOf(left, candidate);
  const fused = fusedLayers(
    reference.layers.filter((layer) => !matched.has(layer)),
    left.filter((layer) => !helpers.has(layer)),
  );
  const before = bytesByLayer(reference, new Map());
  const after = bytesByLayer(candidate, helpers);
  const isIn = findsAgain(candidate);
  const changes = reference.layers.flatMap((layer) => {
    const other = matched.get(layer);
    if (other) return [changeOf([layer, other], before(layer), after(other))];
    const into = fused.into.get(layer);
    if (!into)
      return [isIn(layer) ? sameChange(layer, before(layer)) : goneChange(layer, before(layer))];
    const isFirst = into.parts[0] === layer;
    return isFirst ? [fusedChange(into, sum(into.parts.map(before)), after(into.whole))] : [];
  });
  const wasIn = findsAgain(reference);
  const added = left
    .filter((layer) => !helpers.has(layer) && !fused.wholes.has(layer) && !wasIn(layer))
    .map((layer) => addedChange(layer, after(layer)));
  return [...changes, ...added];
}

/**
 * New layers that have learnt nothing and serve one other, such as the look-up of a table's scales: they are part of the layer whose weight
 * theirs is named after, or of the only one that reads them.
 */
function helpersOf(added: readonly Layer[], { layers, layerOf }: Structure): Map<Layer, Layer> {
  const named = uniqueOwners(byWeightName, layers);
  const helpers = new Map<Layer, Layer>();
  for (const layer of added) {
    if (hasWeights(layer) || layer.weights.length === 0) continue;
    const names = layer.weights.map(({ name }) => baseName(name));
    const owner = names.map((name) => named.get(name)).find((other) => other !== undefined);
    const helped = owner ?? onlyReader(layer, layerOf);
    if (helped) helpers.set(layer, helped);
  }
  return helpers;
}

function onlyReader(layer: Layer, layerOf: Structure['layerOf']): Layer | undefined {
  const readers = new Set(
    layer.nodes
      .flatMap(({ node, scope }) => node.outputs.flatMap((name) => consumersOf(scope, name)))
      .map(({ id }) => layerOf.get(id))
      .filter((reader) => reader !== layer),
  );
  return readers.size === 1 ? [...readers][0] : undefined;
}

function changeOf([before, after]: Pair, reference: number, candidate: number): LayerChange {
  const withShape = sidesText(before) !== sidesText(after);
  const from = describe(before, withShape);
  const to = describe(after, withShape);
  const isSame = from === to && reference === candidate;
  return {
    layer: before.id,
    change: isSame ? 'same' : 'changed',
    ...{ from, to, bytes: { reference, candidate } },
  };
}

function fusedChange({ parts, whole }: Fused, reference: number, candidate: number): LayerChange {
  const [first] = parts;
  const from = `${parts.length} × ${first ? describe(first, false) : ''}`;
  return {
    layer: whole.id,
    change: 'changed',
    ...{ from, to: describe(whole, false), bytes: { reference, candidate } },
  };
}

/** Whether a model has a layer's main node, though among the nodes of another layer: a sum that now goes with the norm after it. */
function findsAgain({ index }: Structure): (layer: Layer) => boolean {
  const known = new Set(index.entries.map(({ node }) => `${node.op} ${node.outputs[0]}`));
  return (layer) =>
    !hasWeights(layer) && known.has(`${layer.main.node.op} ${layer.main.node.outputs[0]}`);
}

const sameChange = (layer: Layer, bytes: number): LayerChange => ({
  layer: layer.id,
  change: 'same',
  ...{ from: describe(layer, false), to: describe(layer, false) },
  bytes: { reference: bytes, candidate: bytes },
});

const goneChange = (layer: Layer, reference: number): LayerChange => ({
  layer: layer.id,
  change: 'removed',
  ...{ from: describe(layer, false), to: null, bytes: { reference, candidate: 0 } },
});

const addedChange = (layer: Layer, candidate: number): LayerChange => ({
  layer: layer.id,
  change: 'added',
  ...{ from: null, to: describe(layer, false), bytes: { reference: 0, candidate } },
});

/** `MatMul float32`, `MatMulNBits 4-bit`, `Gather int8`; with the weight's shape where that is what changed. */
function describe(layer: Layer, withShape: boolean): string {
  const [weight] = learntTensors(layer);
  const shape = withShape && weight ? `[${logicalShape(weight, layer).join('×')}]` : '';
  return [layer.op, storageText(layer), shape].filter((text) => text !== '').join(' ');
}

const quantizers: readonly string[] = ['QuantizeLinear', 'DequantizeLinear'];

function storageText(layer: Layer): string {
  const [weight] = learntTensors(layer);
  if (!weight) {
    const isQuantized = layer.nodes.some(({ node }) => quantizers.includes(node.op));
    return isQuantized ? 'between quantized values' : '';
  }
  const bits = intAttribute(layer.main.node, 'bits');
  if (bits !== undefined) return `${bits}-bit`;
  const { dtype } = weight.tensor;
  return dtypes[dtype].bits < 8 ? `${dtypes[dtype].bits}-bit` : dtype;
}

/** Independent of whether the weight is stored transposed. */
function logicalShape({ shape }: Weight, layer: Layer): readonly number[] {
  const transposed = layer.main.node.op === 'Gemm' && intAttribute(layer.main.node, 'transB') === 1;
  return transposed && shape.length === 2 ? [...shape].reverse() : shape;
}

/** Bytes of every layer with those of its helpers. A weight that several layers share counts for the first of them. */
function bytesByLayer(
  { layers }: Structure,
  helpers: ReadonlyMap<Layer, Layer>,
): (layer: Layer) => number {
  const seen = new Set<Tensor>();
  const bytes = new Map<Layer, number>();
  for (const layer of layers) {
    const own = layer.weights.filter((weight) => {
      const key = sharingKey(weight);
      return !seen.has(key) && seen.add(key);
    });
    const owner = helpers.get(layer) ?? layer;
    const size = sum(own.map(({ tensor }) => storedBytes(tensor)));
    bytes.set(owner, (bytes.get(owner) ?? 0) + size);
  }
  return (layer) => bytes.get(layer) ?? 0;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
