import { formatExact } from '../base/format';
import type { Inspection, LayerFacts, Profile } from '../protocol/types';
import type { Chosen } from '../protocol/recipeView';
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
  /** Place in the file. */
  readonly order: number;
  readonly lowerName: string;
}

/** What a recipe does to layers, by id. */
export type Choices = ReadonlyMap<string, Chosen>;

const noChoices: Choices = new Map();

/** All layers of one inspection, joined with one profile and one recipe. */
export interface LayerTable {
  readonly inspection: Inspection;
  readonly measured: boolean;
  readonly entries: readonly Entry[];
  readonly storage: Storage;
  /** What a share is a share of: the layers' time together, or their MACs until the model is measured. */
  readonly whole: number | null;
}

interface KeptTable {
  readonly profile: Profile | undefined;
  readonly choices: Choices;
  readonly table: LayerTable;
}

const tables = new WeakMap<Inspection, KeptTable>();

/** The rows of every layer; kept for as long as the same inspection, profile and choices are asked about. */
export function layerTable(
  inspection: Inspection,
  profile: Profile | undefined,
  choices: Choices = noChoices,
): LayerTable {
  const kept = tables.get(inspection);
  if (kept && kept.profile === profile && kept.choices === choices) return kept.table;
  const table = makeTable(inspection, profile, choices);
  tables.set(inspection, { profile, choices, table });
  return table;
}

function makeTable(
  inspection: Inspection,
  profile: Profile | undefined,
  choices: Choices,
): LayerTable {
  const { layers } = inspection;
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
      order,
      lowerName: layer.name.toLowerCase(),
    };
  });
  const measured = profile !== undefined;
  return { inspection, measured, entries, storage: storageOf(layers), whole };
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
