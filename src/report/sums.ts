import type { LayerFacts, WeightFacts } from '../protocol/types';

/** What a set of layers costs together. */
export interface Sum {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly activationBytes: number | null;
}

/** Layer id → those of its weights that other layers use too. Most layers have none. */
export type Storage = ReadonlyMap<string, readonly SharedWeight[]>;

interface SharedWeight {
  /** Equal for one and the same learnt weight, wherever and however often it is stored. */
  readonly learnt: string;
  /** Equal for one and the same place in the file. */
  readonly stored: string;
  readonly parameters: number;
  readonly bytes: number;
}

/** Finds the weights that several layers share. A layer tied to another has its weights, under the same names, or stored once more under others. */
export function storageOf(layers: readonly LayerFacts[]): Storage {
  const byId = new Map(layers.map((layer) => [layer.id, layer]));
  const users = new Map<string, number>();
  const keysOf = (layer: LayerFacts, weight: WeightFacts) => {
    const owner = layer.tiedTo === null ? undefined : byId.get(layer.tiedTo);
    const same = owner && sameWeight(weight, owner);
    const learnt = owner && same ? `${owner.id} ${same.name}` : ownKey(layer, weight);
    return { learnt, stored: same?.name === weight.name ? learnt : ownKey(layer, weight) };
  };
  for (const layer of layers) {
    for (const weight of layer.weights) {
      const { learnt } = keysOf(layer, weight);
      users.set(learnt, (users.get(learnt) ?? 0) + 1);
    }
  }
  const shared = new Map<string, SharedWeight[]>();
  for (const layer of layers) {
    for (const weight of layer.weights) {
      const keys = keysOf(layer, weight);
      if ((users.get(keys.learnt) ?? 0) < 2) continue;
      const own = shared.get(layer.id) ?? [];
      own.push({ ...keys, parameters: weight.parameters, bytes: weight.bytes });
      shared.set(layer.id, own);
    }
  }
  return shared;
}

/**
 * A matrix that another layer uses as well makes the two tied, so that an untied one is known by its layer: its name may mean another
 * matrix in another body. Vectors and constants of one name are taken for one; exporters merge equal ones.
 */
function ownKey(layer: LayerFacts, weight: WeightFacts): string {
  const isMatrix = weight.parameters > 0 && weight.shape.length >= 2;
  return isMatrix ? `${layer.id} ${weight.name}` : weight.name;
}

function sameWeight(weight: WeightFacts, owner: LayerFacts): WeightFacts | undefined {
  return (
    owner.weights.find((other) => other.name === weight.name) ??
    owner.weights.find(
      (other) =>
        other.parameters > 0 &&
        other.parameters === weight.parameters &&
        other.dtype === weight.dtype,
    )
  );
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

/** The layers' figures together: a weight that several of them share counts once, its bytes as often as they are stored. */
export function sumLayers(layers: readonly LayerFacts[], storage: Storage): Sum {
  let parameters = 0;
  let weightBytes = 0;
  const learnt = new Set<string>();
  const stored = new Set<string>();
  for (const layer of layers) {
    parameters += layer.parameters;
    weightBytes += layer.weightBytes;
    if (storage.size === 0) continue;
    for (const weight of storage.get(layer.id) ?? []) {
      if (learnt.has(weight.learnt)) parameters -= weight.parameters;
      if (stored.has(weight.stored)) weightBytes -= weight.bytes;
      learnt.add(weight.learnt);
      stored.add(weight.stored);
    }
  }
  const macs = addKnown(layers, (layer) => layer.macs);
  const activationBytes = addKnown(layers, (layer) => layer.activationBytes);
  return { parameters, weightBytes, macs, activationBytes };
}
