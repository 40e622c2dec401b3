import type { Part } from '../base/terms';
import type { LayerFacts, Profile, Ran } from '../protocol/types';
import { layerTable, shareOf, type LayerTable } from '../report/table';
import { addKnown, sumLayers } from '../report/sums';
import type { OpenModel } from './models/openModel';

/** Figures of a layer, of a module or of any other set of layers. */
export interface Cost {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly timeMs: number | null;
  /** Of the layers' time together, or of their MACs until the model is profiled; from 0 to 1. */
  readonly share: number | null;
}

/** Everything a hover says about one layer. */
export interface LayerFigures extends Cost {
  readonly layer: LayerFacts;
  readonly p10: number | null;
  readonly p90: number | null;
  readonly shareOfBlock: number | null;
  readonly ran: Ran | null;
  /** Multiply-adds per second, and the most that a layer of the same operator reaches here. */
  readonly macsPerSecond: number | null;
  readonly bestMacsPerSecond: number | null;
  /** Layers of the same operator in the model's order, this one among them. */
  readonly peers: readonly LayerFacts[];
}

/** What was counted and what was measured of one model, joined for quick questions. */
export class ModelFigures {
  private readonly byId: ReadonlyMap<string, LayerTable['entries'][number]>;

  constructor(
    private readonly table: LayerTable,
    private readonly profile: Profile | undefined,
  ) {
    this.byId = new Map(table.entries.map((entry) => [entry.layer.id, entry]));
  }

  get inspection() {
    return this.table.inspection;
  }

  get measured(): boolean {
    return this.table.measured;
  }

  /** Figures of a set of layers together; a weight they share counts once. */
  costOf(ids: readonly string[]): Cost {
    const entries = ids.flatMap((id) => this.byId.get(id) ?? []);
    const { storage, whole, measured } = this.table;
    const { parameters, weightBytes, macs } = sumLayers(
      entries.map(({ layer }) => layer),
      storage,
    );
    const timeMs = measured ? addKnown(entries, ({ figures }) => figures.timeMs) : null;
    return {
      parameters,
      weightBytes,
      macs,
      timeMs,
      share: shareOf(measured ? timeMs : macs, whole),
    };
  }

  /** All there is to say about one layer, or undefined where there is no such layer. */
  layer(id: string): LayerFigures | undefined {
    const entry = this.byId.get(id);
    if (!entry) return undefined;
    const { layer } = entry;
    const measured = this.profile?.layers[id];
    const peers = this.peersOf(layer);
    const rates = peers.flatMap((peer) => this.rateOf(peer) ?? []);
    return {
      ...this.costOf([id]),
      layer,
      p10: measured?.p10 ?? null,
      p90: measured?.p90 ?? null,
      ran: measured?.ran ?? null,
      shareOfBlock: this.shareOfBlock(layer),
      macsPerSecond: this.rateOf(layer),
      bestMacsPerSecond: rates.length > 0 ? Math.max(...rates) : null,
      peers,
    };
  }

  partOf(id: string): Part | undefined {
    return this.byId.get(id)?.layer.part;
  }

  /** The length of a layer's bar among its peers: time where there is a profile, else MACs, else bytes. */
  weightOf(layer: LayerFacts): number {
    return this.timeOf(layer) ?? (layer.macs || layer.weightBytes);
  }

  private timeOf({ id }: LayerFacts): number | null {
    return this.byId.get(id)?.figures.timeMs ?? null;
  }

  private rateOf(layer: LayerFacts): number | null {
    const timeMs = this.timeOf(layer);
    return layer.macs && timeMs ? layer.macs / (timeMs / 1000) : null;
  }

  private shareOfBlock(layer: LayerFacts): number | null {
    const block = layer.block === null ? undefined : this.inspection.blocks[layer.block];
    if (!block) return null;
    const [own, whole] = [this.costOf([layer.id]), this.costOf(block.layers)];
    return this.measured ? shareOf(own.timeMs, whole.timeMs) : shareOf(own.macs, whole.macs);
  }

  private peersOf({ op, parameters }: LayerFacts): readonly LayerFacts[] {
    return this.inspection.layers.filter(
      (other) => other.op === op && other.parameters > 0 === parameters > 0,
    );
  }
}

const joined = new WeakMap<LayerTable, ModelFigures>();

/** The figures of a model that has been read; made once for as long as nothing changes. */
export function figuresOf({
  inspection,
  profile,
}: Pick<OpenModel, 'inspection' | 'profile'>): ModelFigures | undefined {
  if (!inspection) return undefined;
  const table = layerTable(inspection, profile);
  const figures = joined.get(table) ?? new ModelFigures(table, profile);
  joined.set(table, figures);
  return figures;
}
