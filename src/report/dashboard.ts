import { partNames, type Part } from '../base/terms';
import type { Inspection, LayerFacts, Profile } from '../protocol/types';
import type { DashboardState } from '../protocol/viewApi';
import { findInsights } from './insights';
import { mapParts, partTimes } from './merge';
import { addKnown, storageOf, sumLayers, type Storage } from './sums';
import { layerTime } from './times';

type Figures = Pick<
  DashboardState,
  | 'model'
  | 'structure'
  | 'totals'
  | 'parts'
  | 'blocks'
  | 'unknown'
  | 'measured'
  | 'measuredComplete'
  | 'insights'
  | 'layerCount'
  | 'nodeCount'
>;

/** Everything of the dashboard's state that follows from an inspection and a profile. */
export function dashboardFigures(inspection: Inspection, profile: Profile | undefined): Figures {
  return {
    model: inspection.model,
    structure: inspection.structure,
    totals: inspection.totals,
    parts: partFigures(inspection, profile),
    blocks: blockFigures(inspection, profile),
    unknown: inspection.unknown,
    insights: findInsights(inspection, profile),
    layerCount: inspection.layers.length,
    nodeCount: inspection.nodes.length,
    ...(profile ? { measured: profile.measured, measuredComplete: profile.complete } : {}),
  };
}

/** Every part's figures with its time. */
export function partFigures(
  inspection: Inspection,
  profile: Profile | undefined,
): NonNullable<DashboardState['parts']> {
  const times = partTimes(inspection, profile);
  return mapParts((part) => ({ ...inspection.parts[part], timeMs: times[part] }));
}

/** Every block with its time, and what each part inside it costs. */
function blockFigures(
  inspection: Inspection,
  profile: Profile | undefined,
): NonNullable<DashboardState['blocks']> {
  const byId = new Map(inspection.layers.map((layer) => [layer.id, layer]));
  const storage = storageOf(inspection.layers);
  return inspection.blocks.map((block) => {
    const layers = block.layers.flatMap((id) => byId.get(id) ?? []);
    return {
      ...block,
      timeMs: timeOf(layers, profile),
      byPart: byPart(layers, profile, storage),
    };
  });
}

function byPart(layers: readonly LayerFacts[], profile: Profile | undefined, storage: Storage) {
  const present = partNames.filter((part) => layers.some((layer) => layer.part === part));
  return Object.fromEntries(
    present.map((part) => {
      const inside = layers.filter((layer) => layer.part === part);
      const { parameters, weightBytes, macs } = sumLayers(inside, storage);
      return [part, { timeMs: timeOf(inside, profile), macs, parameters, weightBytes }];
    }),
  ) as Partial<Record<Part, PartInBlock>>;
}

interface PartInBlock {
  timeMs: number | null;
  macs: number | null;
  parameters: number;
  weightBytes: number;
}

function timeOf(layers: readonly LayerFacts[], profile: Profile | undefined): number | null {
  return profile ? addKnown(layers, (layer) => layerTime(profile, layer.id)?.timeMs) : null;
}
