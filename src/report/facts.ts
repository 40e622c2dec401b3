import { partNames, type Part } from '../base/terms';
import type { Inspection, LayerFacts, NodeFacts, Profile, WeightFacts } from '../protocol/types';
import { addKnown } from './sums';
import { partTimes } from './merge';
import { nodeTime } from './times';

/** Shares that the rules of "What stands out" are made of, worked out once. Undefined where nothing is known. */
export interface Facts {
  readonly inspection: Inspection;
  readonly profile: Profile | undefined;
  readonly layersOf: Record<Part, readonly LayerFacts[]>;
  /** Of all layers' time. */
  readonly timeShare: Record<Part, number | undefined>;
  readonly macShare: Record<Part, number | undefined>;
  readonly byteShare: Record<Part, number>;
  readonly totalTime: number | undefined;
  /** Distinct weights of the model by name, with the layer that first uses each. */
  readonly weights: readonly { weight: WeightFacts; layer: LayerFacts }[];
}

export function gatherFacts(inspection: Inspection, profile: Profile | undefined): Facts {
  const { layers, totals, parts } = inspection;
  const times = partTimes(inspection, profile);
  const total = profile ? addKnown(Object.values(times), (time) => time) : null;
  const share = (value: number | null, whole: number | null) =>
    value === null || whole === null || whole <= 0 ? undefined : value / whole;
  const record = <T>(make: (part: Part) => T) =>
    Object.fromEntries(partNames.map((part) => [part, make(part)])) as Record<Part, T>;
  return {
    inspection,
    profile,
    layersOf: record((part) => layers.filter((layer) => layer.part === part)),
    timeShare: record((part) => share(times[part], total)),
    macShare: record((part) => share(parts[part].macs, totals.macs)),
    byteShare: record((part) => share(parts[part].weightBytes, totals.weightBytes) ?? 0),
    totalTime: total === null || total <= 0 ? undefined : total,
    weights: distinctWeights(layers),
  };
}

function distinctWeights(layers: readonly LayerFacts[]): Facts['weights'] {
  const found = new Map<string, { weight: WeightFacts; layer: LayerFacts }>();
  for (const layer of layers) {
    for (const weight of layer.weights) {
      if (!found.has(weight.name)) found.set(weight.name, { weight, layer });
    }
  }
  return [...found.values()];
}

/** Time of the nodes that `wanted` picks, and their operators, slowest first. Undefined without a profile. */
export function timeOfNodes(
  facts: Facts,
  wanted: (node: NodeFacts) => boolean,
): { ms: number; count: number; ops: string[] } | undefined {
  if (!facts.profile) return undefined;
  const byOp = new Map<string, number>();
  let ms = 0;
  let count = 0;
  for (const node of facts.inspection.nodes) {
    if (!wanted(node)) continue;
    const time = nodeTime(facts.profile, node.name) ?? 0;
    ms += time;
    count++;
    byOp.set(node.op, (byOp.get(node.op) ?? 0) + time);
  }
  const ops = [...byOp].sort((a, b) => b[1] - a[1]).map(([op]) => op);
  return { ms, count, ops };
}

/** "Softmax, Transpose and Reshape": the first few of a list. */
export function listed(names: readonly string[], limit = 3): string {
  const first = names.slice(0, limit);
  const last = first.length > 1 ? first.pop() : undefined;
  return last === undefined ? (first[0] ?? '') : `${first.join(', ')} and ${last}`;
}
