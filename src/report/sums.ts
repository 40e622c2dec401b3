import type { LayerFacts, WeightFacts } from '../protocol/types';

/** What a set of layers costs together. */
export interface Sum {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly activationBytes: number | null;
}

/** Layer id → those of its weights that other layers use too, each under the name of its storage. Most layers have none. */
export type Storage = ReadonlyMap<string, readonly SharedWeight[]>;

interface SharedWeight {
  readonly key: string;
  readonly parameters: number;
  readonly bytes: number;
}

/** Finds the weights that several layers share. A layer tied to another has its weights under other names, or transposed. */
export function storageOf(layers: readonly LayerFacts[]): Storage {
  const byId = new Map(layers.map((layer) => [layer.id, layer]));
  const users = new Map<string, number>();
  const keyOf = (layer: LayerFacts, weight: WeightFacts) => {
    const owner = layer.tiedTo === null ? undefined : byId.get(layer.tiedTo);
    return owner ? sharedName(weight, owner) : weight.name;
  };
  for (const layer of layers) {
    for (const weight of layer.weights) {
      const key = keyOf(layer, weight);
      users.set(key, (users.get(key) ?? 0) + 1);
    }
  }
  const shared = new Map<string, SharedWeight[]>();
  for (const layer of layers) {
    for (const weight of layer.weights) {
      const key = keyOf(layer, weight);
      if ((users.get(key) ?? 0) < 2) continue;
      const own = shared.get(layer.id) ?? [];
      own.push({ key, parameters: weight.parameters, bytes: weight.bytes });
      shared.set(layer.id, own);
    }
  }
  return shared;
}

function sharedName(weight: WeightFacts, owner: LayerFacts): string {
  const same = owner.weights.find(
    (other) =>
      other.name === weight.name ||
      (other.bytes === weight.bytes &&
        other.dtype === weight.dtype &&
        other.parameters === weight.parameters),
  );
  return same?.name ?? weight.name;
}

/** Adds what is known. A sum is null only where nothing is known of any of its terms. */
export function addKnown<T>(
  items: readonly T[],
  valueOf: (item: T) => number | null | undefined,
): number | null {
  let sum = 0;
  let known = items.length === 0;
  for (const item of items) {
    const value = valueOf(item);
    if (value === null || value === undefined) continue;
    sum += value;
    known = true;
  }
  return known ? sum : null;
}

/** The layers' figures together; a weight that several of them share counts once. */
export function sumLayers(layers: readonly LayerFacts[], storage: Storage): Sum {
  let parameters = 0;
  let weightBytes = 0;
  const seen = new Set<string>();
  for (const layer of layers) {
    parameters += layer.parameters;
    weightBytes += layer.weightBytes;
    if (storage.size === 0) continue;
    for (const weight of storage.get(layer.id) ?? []) {
      if (seen.has(weight.key)) {
        parameters -= weight.parameters;
        weightBytes -= weight.bytes;
      } else seen.add(weight.key);
    }
  }
  const macs = addKnown(layers, (layer) => layer.macs);
  const activationBytes = addKnown(layers, (layer) => layer.activationBytes);
  return { parameters, weightBytes, macs, activationBytes };
}
