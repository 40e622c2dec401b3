import { formatExact } from '../base/format';
import type { Inspection, LayerFacts, Profile } from '../protocol/types';
import type { Chosen } from '../protocol/recipeView';
import type { DamageCell, Sensitivity } from '../protocol/sensitivity';
import type { Row } from '../protocol/viewApi';
import { addKnown, storageOf, type Storage } from './sums';
import { layerTime } from './times';

/** Figures of a row that sort, filter and bars go by. */
export interface RowFigures {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly activationBytes: number | null;
  readonly timeMs: number | null;
  readonly share: number | null;
}

/** A layer of the table. */
export interface Entry {
  readonly layer: LayerFacts;
  readonly figures: RowFigures;
  readonly ran: Row['ran'];
  readonly chosen: Chosen | null;
  /** By the probe's name. */
  readonly damage: Damages;
  /** Place in the file. */
  readonly order: number;
  readonly lowerName: string;
}

/** What probes do to a layer, by their names, which may be anything: a map without a prototype's. */
export type Damages = ReadonlyMap<string, DamageCell>;

const noDamages: Damages = new Map();

/** What a recipe does to layers, by id. */
export type Choices = ReadonlyMap<string, Chosen>;

const noChoices: Choices = new Map();

/** All layers of one inspection, joined with one profile, one recipe and one sweep. */
export interface LayerTable {
  readonly inspection: Inspection;
  readonly measured: boolean;
  /** Names of the probes of single layers. */
  readonly probes: readonly string[];
  readonly entries: readonly Entry[];
  readonly storage: Storage;
  /** What a share is a share of: the layers' time together, or their MACs until the model is measured. */
  readonly whole: number | null;
}

interface KeptTable {
  readonly profile: Profile | undefined;
  readonly choices: Choices;
  readonly sensitivity: Sensitivity | undefined;
  readonly table: LayerTable;
}

const tables = new WeakMap<Inspection, KeptTable>();

/** The rows of every layer; kept for as long as the same inspection, profile, choices and sweep are asked about. */
export function layerTable(
  inspection: Inspection,
  profile: Profile | undefined,
  choices: Choices = noChoices,
  sensitivity?: Sensitivity,
): LayerTable {
  const kept = tables.get(inspection);
  if (kept?.profile === profile && kept?.choices === choices && kept.sensitivity === sensitivity) {
    return kept.table;
  }
  const table = makeTable(inspection, profile, choices, sensitivity);
  tables.set(inspection, { profile, choices, sensitivity, table });
  return table;
}

function makeTable(
  inspection: Inspection,
  profile: Profile | undefined,
  choices: Choices,
  sensitivity: Sensitivity | undefined,
): LayerTable {
  const { layers } = inspection;
  const { probes, damages } = damagesOf(sensitivity);
  const whole = profile
    ? addKnown(layers, (layer) => layerTime(profile, layer.id)?.timeMs)
    : inspection.totals.macs;
  const entries = layers.map((layer, order): Entry => {
    const time = layerTime(profile, layer.id);
    const timeMs = time?.timeMs ?? null;
    const { parameters, weightBytes, macs, activationBytes } = layer;
    const share = shareOf(profile ? timeMs : macs, whole);
    return {
      layer,
      figures: { parameters, weightBytes, macs, activationBytes, timeMs, share },
      ran: time?.ran ?? null,
      chosen: choices.get(layer.id) ?? null,
      damage: damages.get(layer.id) ?? noDamages,
      order,
      lowerName: layer.name.toLowerCase(),
    };
  });
  const measured = profile !== undefined;
  return { inspection, measured, probes, entries, storage: storageOf(layers), whole };
}

/** Every layer's figures under the probes of single layers. */
function damagesOf(sensitivity: Sensitivity | undefined) {
  const own = (sensitivity?.probes ?? []).filter(({ unit }) => unit === 'layer');
  const probes = own.map(({ name }) => name);
  const damages = new Map<string, Map<string, DamageCell>>();
  for (const row of sensitivity?.layers ?? []) {
    if (!probes.includes(row.probe)) continue;
    const { damage, low, high, samples, settled } = row;
    const layer = damages.get(row.id) ?? new Map<string, DamageCell>();
    damages.set(row.id, layer.set(row.probe, { damage, low, high, samples, settled }));
  }
  return { probes, damages };
}

/** `value` of `whole`; null where either is unknown or there is nothing to share. */
export function shareOf(value: number | null, whole: number | null): number | null {
  return value === null || whole === null || whole <= 0 ? null : value / whole;
}

/** "384 × 1,536" of the layer's largest learnt weight, with its type where that is not float32; "12 heads" of attention's own products. */
export function weightsText(inspection: Inspection, layer: LayerFacts): string {
  const learnt = layer.weights.filter((weight) => weight.parameters > 0);
  const main = learnt.reduce<LayerFacts['weights'][number] | undefined>(
    (most, weight) => (most && most.parameters >= weight.parameters ? most : weight),
    undefined,
  );
  if (!main) {
    const { heads } = inspection.structure;
    return heads !== null && (layer.role === 'scores' || layer.role === 'context')
      ? `${heads} heads`
      : '';
  }
  const shape = main.shape.map((size) => formatExact(size)).join(' × ');
  return main.dtype === 'float32' ? shape : `${shape} ${main.dtype}`.trim();
}

/** Pads every number of a name, so that plain comparison orders names as people do. */
export function sortable(name: string): string {
  return name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(10, '0'));
}
