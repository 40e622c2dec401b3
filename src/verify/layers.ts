import { intAttribute } from '../onnx/attributes';
import { consumersOf } from '../onnx/graph';
import type { Tensor } from '../onnx/model';
import { storedBytes } from '../onnx/weights';
import type { LayerChange } from '../protocol/build';
import { type Layer, sharingKey, type Structure, type Weight } from '../structure/structure';
import { dtypes } from '../tensor/dtype';
import { learntTensors } from './stored';

/** A layer of the original and the layer of the candidate that stands for it. */
type Pair = readonly [reference: Layer, candidate: Layer];

/**
 * What became of every layer, in the original's order, added ones last. A layer that was compressed is one changed layer, however many
 * nodes it has become: layers are matched by id, then by what they write, by their weights' names, and by place and shape.
 */
export function layerChanges(reference: Structure, candidate: Structure): LayerChange[] {
  const matched = new Map(match(reference.layers, candidate.layers));
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

/** The sides of the largest weight, whichever way round it is stored. */
function sidesText(layer: Layer): string {
  const [weight] = learntTensors(layer);
  const sides = (weight?.shape ?? []).filter((size) => size !== 1);
  return [...sides].sort((a, b) => a - b).join('×');
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

type Key = (layer: Layer, at: number) => readonly string[];

/** How layers are recognised again, the surest way first. A layer may have several keys; those that several layers share say nothing. */
const keys: readonly Key[] = [
  (layer) => [`${layer.id} ${hasWeights(layer)}`],
  ({ nodes }) => nodes.flatMap(({ node }) => node.outputs.filter((name) => name !== '')),
  byWeightName,
  (layer) => (hasWeights(layer) ? [placeKey(layer)] : []),
];

function byWeightName(layer: Layer): readonly string[] {
  return learntTensors(layer).map(({ name }) => baseName(name));
}

const hasWeights = (layer: Layer) => learntTensors(layer).length > 0;

/** A weight's name without what quantizers append. */
function baseName(name: string): string {
  return name.replace(
    /([_.](quantized|q\d+|int\d|fp16|bf16|codes|packed|scales?|zero_points?|transposed|dequantized|matmul))+$/i,
    '',
  );
}

function placeKey(layer: Layer): string {
  return [layer.block ?? '-', layer.part, layer.role, sidesText(layer)].join(' ');
}

function match(reference: readonly Layer[], candidate: readonly Layer[]): Pair[] {
  const pairs: Pair[] = [];
  let left = reference;
  let right = candidate;
  for (const key of keys) {
    const found = matchBy(key, left, right);
    pairs.push(...found);
    const [a, b] = [new Set(found.map(([one]) => one)), new Set(found.map(([, other]) => other))];
    left = left.filter((layer) => !a.has(layer));
    right = right.filter((layer) => !b.has(layer));
  }
  return [...pairs, ...matchInOrder(left, right)];
}

function matchBy(key: Key, left: readonly Layer[], right: readonly Layer[]): Pair[] {
  const owners = uniqueOwners(key, right);
  const mine = uniqueOwners(key, left);
  const taken = new Set<Layer>();
  return left.flatMap((layer, at): Pair[] => {
    const found = key(layer, at)
      .filter((each) => mine.get(each) === layer)
      .map((each) => owners.get(each))
      .find((other) => other && !taken.has(other) && hasWeights(other) === hasWeights(layer));
    if (!found) return [];
    taken.add(found);
    return [[layer, found]];
  });
}

/** Key → its layer; keys of several layers are left out. */
function uniqueOwners(key: Key, layers: readonly Layer[]): Map<string, Layer> {
  const owners = new Map<string, Layer>();
  const shared = new Set<string>();
  layers.forEach((layer, at) => {
    for (const each of key(layer, at)) {
      if (owners.has(each) && owners.get(each) !== layer) shared.add(each);
      owners.set(each, layer);
    }
  });
  for (const each of shared) owners.delete(each);
  return owners;
}

/** Layers with weights of the same shape, one after the other: for models whose names were stripped. */
function matchInOrder(left: readonly Layer[], right: readonly Layer[]): Pair[] {
  const pairs: Pair[] = [];
  let from = 0;
  for (const layer of left) {
    if (!hasWeights(layer)) continue;
    const at = right.findIndex(
      (other, index) => index >= from && hasWeights(other) && placeKey(other) === placeKey(layer),
    );
    const other = right[at];
    if (!other) continue;
    pairs.push([layer, other]);
    from = at + 1;
  }
  return pairs;
}

/** Several layers of the original that one of the candidate does the work of. */
interface Fused {
  readonly parts: readonly Layer[];
  readonly whole: Layer;
}

/** Layers of one block whose weights together are as many as those of one layer that is new there: query, key and value made one. */
function fusedLayers(
  gone: readonly Layer[],
  added: readonly Layer[],
): { into: ReadonlyMap<Layer, Fused>; wholes: ReadonlySet<Layer> } {
  const into = new Map<Layer, Fused>();
  const wholes = new Set<Layer>();
  for (const whole of added) {
    if (!hasWeights(whole)) continue;
    const parts = gone.filter(
      (layer) =>
        hasWeights(layer) &&
        layer.block === whole.block &&
        layer.part === whole.part &&
        !into.has(layer),
    );
    if (parts.length < 2 || weightCount(parts) !== weightCount([whole])) continue;
    wholes.add(whole);
    for (const part of parts) into.set(part, { parts, whole });
  }
  return { into, wholes };
}

const weightCount = (layers: readonly Layer[]) =>
  sum(layers.flatMap((layer) => learntTensors(layer).map(({ parameters }) => parameters)));

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
