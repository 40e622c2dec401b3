import type { Layer } from '../structure/structure';
import { learntTensors } from './stored';

/** A layer of the original and the layer of the candidate that stands for it. */
export type Pair = readonly [reference: Layer, candidate: Layer];

type Key = (layer: Layer, at: number) => readonly string[];

/** How layers are recognised again, the surest way first. A layer may have several keys; those that several layers share say nothing. */
const keys: readonly Key[] = [
  (layer) => [`${layer.id} ${hasWeights(layer)}`],
  ({ nodes }) => nodes.flatMap(({ node }) => node.outputs.filter((name) => name !== '')),
  byWeightName,
  (layer) => (hasWeights(layer) ? [placeKey(layer)] : []),
];

/** Names of what a layer has learnt, without what quantizers append. */
export function byWeightName(layer: Layer): readonly string[] {
  return learntTensors(layer).map(({ name }) => baseName(name));
}

/** Whether a layer has learnt anything. */
export const hasWeights = (layer: Layer) => learntTensors(layer).length > 0;

/** A weight's name without what quantizers append. */
export function baseName(name: string): string {
  return name.replace(
    /([_.](quantized|q\d+|int\d|fp16|bf16|codes|packed|scales?|zero_points?|transposed|dequantized|matmul))+$/i,
    '',
  );
}

function placeKey(layer: Layer): string {
  return [layer.block ?? '-', layer.part, layer.role, sidesText(layer)].join(' ');
}

/** Layers of one model with those of another that stand for them, each at most once. */
export function matchLayers(reference: readonly Layer[], candidate: readonly Layer[]): Pair[] {
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
export function uniqueOwners(key: Key, layers: readonly Layer[]): Map<string, Layer> {
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
export interface Fused {
  readonly parts: readonly Layer[];
  readonly whole: Layer;
}

/** Layers of one block whose weights together are as many as those of one layer that is new there: query, key and value made one. */
export function fusedLayers(
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
  layers
    .flatMap((layer) => learntTensors(layer).map(({ parameters }) => parameters))
    .reduce((a, b) => a + b, 0);

/** The sides of the largest weight, whichever way round it is stored. */
export function sidesText(layer: Layer): string {
  const [weight] = learntTensors(layer);
  const sides = (weight?.shape ?? []).filter((size) => size !== 1);
  return [...sides].sort((a, b) => a - b).join('×');
}
