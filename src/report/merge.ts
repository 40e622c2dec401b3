import { partNames, type Part } from '../base/terms';
import type { Inspection, Profile, ProfiledInspection } from '../protocol/types';
import { addKnown } from './sums';
import { layerTime, nodeTime } from './times';

/** The counted and the measured in one: what `featherweight profile --json` prints. Times that were not measured are null. */
export function mergeProfile(inspection: Inspection, profile: Profile): ProfiledInspection {
  const timeOf = (id: string) => layerTime(profile, id)?.timeMs ?? null;
  const times = partTimes(inspection, profile);
  return {
    ...inspection,
    measured: profile.measured,
    totals: {
      ...inspection.totals,
      timeMs: addKnown(inspection.layers, (layer) => timeOf(layer.id)),
    },
    parts: mapParts((part) => ({ ...inspection.parts[part], timeMs: times[part] })),
    blocks: inspection.blocks.map((block) => ({
      ...block,
      timeMs: addKnown(block.layers, timeOf),
    })),
    layers: inspection.layers.map((layer) => ({ ...layer, timeMs: timeOf(layer.id) })),
    nodes: inspection.nodes.map((node) => ({
      ...node,
      timeMs: nodeTime(profile, node.name) ?? null,
    })),
  };
}

/** Time of every part; null where it has layers and none of them was measured, or without a profile. */
export function partTimes(
  inspection: Inspection,
  profile: Profile | undefined,
): Record<Part, number | null> {
  return mapParts((part) =>
    profile
      ? addKnown(
          inspection.layers.filter((layer) => layer.part === part),
          (layer) => layerTime(profile, layer.id)?.timeMs,
        )
      : null,
  );
}

/** A record with an entry for every part. */
export function mapParts<T>(make: (part: Part) => T): Record<Part, T> {
  return Object.fromEntries(partNames.map((part) => [part, make(part)])) as Record<Part, T>;
}
