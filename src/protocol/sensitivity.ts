import type { DataFacts } from '../base/dataKinds';
import type { Part, Role, Unit } from '../base/terms';
import type { DataRequest, Sizes } from './engineApi';

/**
 * How sure to be of a sweep, and what that costs. `hints`: from the weights alone, nothing runs. `adaptive`: samples are spent where the
 * ranking or the limit is still open. `exact`: every sample for every layer.
 */
export const tiers = ['hints', 'adaptive', 'exact'] as const;
export type Tier = (typeof tiers)[number];

export type { Unit };

/** What measuring sensitivity crosses processes with, and what `featherweight sensitivity --json` prints. `null` is "not known". */

export interface SensitivityRequest extends Sizes, DataRequest {
  /** Absolute path. */
  file: string;
  /** Names of probes; the usual ones where it is empty. */
  probes: string[];
  /** Also follow the error that this probe makes in each layer to the model's output. */
  propagation?: string;
  /** Chosen by the kind of output where it is left out. */
  metric?: string;
  /** `exact` where it is left out. */
  tier?: Tier;
  /** A damage that every layer should be told to be above or below; for the adaptive tier. */
  limit?: number;
  samples: number;
  /** Ids of the only layers, blocks and heads to ask about, `*` for any stretch; all that can be asked about where it is left out. */
  layers?: string[];
  /** Only every n-th layer, for machines that share the work. */
  shard?: Shard;
  threads: number;
  seed: number;
  /** Folder that keeps finished rows for the next time. */
  cache?: string;
}

/** A part of a sweep: every `of`-th layer, beginning with the one at `index`, from 0. */
export interface Shard {
  index: number;
  of: number;
}

/** `featherweight sensitivity --json`. */
export interface Sensitivity {
  featherweight: string;
  model: { file: string; sha256: string };
  metric: { name: string; title: string; unit: string };
  tier: Tier;
  /** Of the data, `synthetic` for inputs that were made up, empty where the model was not run. */
  data: string;
  /** What the data is; left out where the model was not run. */
  facts?: DataFacts;
  /** Of everything that the model was fed; null where it was not run. */
  dataSha256: string | null;
  samples: number;
  probes: ProbeFacts[];
  layers: SensitivityRow[];
  /** What weights alone tell; no measure of damage. */
  hints: SensitivityHint[];
  /** Where the error enters and how it grows; empty where nobody asked. */
  propagation: PropagationRow[];
  /** Layers that there is no figure of, with the reason. */
  skipped: SkippedLayer[];
  /** For every probe the layers' ids, those that suffer most first. */
  ranking: { probe: string; layers: string[] }[];
  /** For every probe how far its ranking hangs on the samples; probes without enough rows or samples to tell are left out. */
  stability: RankStability[];
  /** Which part of a sweep this is; null for all of it. */
  shard: Shard | null;
  /** What went otherwise than was asked for, a sentence each. */
  notes: string[];
  complete: boolean;
  /** Time this call took; rows that were kept from earlier cost none. */
  seconds: number;
  /** Memory that the process which answered took at most. */
  peakMemoryBytes: number;
  reused: number;
}

/** A layer that there is no figure of. */
export interface SkippedLayer {
  layer: string;
  why: string;
  /** The probe after which the model's answers were no finite numbers: no damage is greater. */
  brokenBy?: string;
}

/** A note on adaptive sweeps that are shared among machines. */
export const settledApart =
  'Each part settled its rows by itself: settled are those that are among the ten worst of their part or not, which says less of the whole. An exact sweep has no such limits.';

/** How alike two disjoint halves of the samples rank what a probe was done to. */
export interface RankStability {
  probe: string;
  /** Things that are ranked. */
  rows: number;
  /** Samples that each of them was measured on; each half has half of them. */
  samples: number;
  /** Spearman's correlation of the two rankings: the median over many ways of halving the samples. 1 is the same ranking. */
  spearman: number;
  /** What 95 % of the ways of halving lie between. */
  low: number;
  high: number;
}

export interface ProbeFacts {
  name: string;
  title: string;
  /** What is left of the weight: bits an element, the share of its elements, or the share of its energy (low rank). */
  strength: { kind: 'bits' | 'share' | 'energy'; value: number };
  unit: Unit;
  /** The recipe's step that does to a layer what the probe asks about; null where there is none. */
  step: { action: string; params: Record<string, unknown> } | null;
}

/** What a sweep can be asked for. */
export interface SensitivityOptions {
  /** Mildest first in each family. */
  probes: ProbeFacts[];
  /** Names of the probes that a request without any stands for. */
  usual: string[];
  metrics: {
    name: string;
    title: string;
    unit: string;
    needs: 'classes' | 'values' | 'labels' | 'tokens';
  }[];
}

/** What a row is about: a layer, block or head, and the probe that it was changed by. */
interface Probed {
  id: string;
  name: string;
  part: Part;
  role: Role;
  block: number | null;
  probe: string;
}

/** One layer, block or head under one probe. */
export interface SensitivityRow extends Probed {
  /** Mean over the samples, with its 95 % interval. */
  damage: number;
  low: number;
  high: number;
  /** That were spent on it. */
  samples: number;
  /** Whether more samples would not change its place in the ranking or its side of the limit, as far as the interval tells. */
  settled: boolean;
  /** Of the layer's weights, now and after the probe's step; null where there is no step, or it does not fit. */
  bytes: { before: number; after: number } | null;
  /** Of every sample, for `sensitivity merge`: only in a part of a sweep that is shared among machines. */
  scores?: number[];
}

/** What a layer's weight tells without data. */
export interface SensitivityHint {
  id: string;
  /** Largest magnitude over the root mean square. */
  outlierRatio: number;
  /** Widest over median range of its channels. */
  channelSpread: number;
  /** Share of elements that are exactly zero. */
  zeros: number;
  /** For every probe of weights: 10·log10 of the weight's energy over the energy of what the probe changes. */
  weightSnrDb: { probe: string; db: number | null }[];
}

/** One layer changed by one probe: how large the error is where it enters, and what becomes of it. */
export interface PropagationRow extends Probed {
  /** Energy of the error of the layer's own output over the energy of that output. */
  local: number;
  /** The same ratio at the end of the layer's block and of each that follows, by the block's id. */
  blocks: { id: string; error: number }[];
  /** The same ratio at the model's output. */
  output: number;
}

/** What the dashboard shows of a sweep, as far as it has come: layers by probes, and what follows from them. */
export interface SensitivityView extends DamageGrid {
  metric: { title: string; unit: string };
  tier: Tier;
  /** `synthetic` for inputs that were made up. */
  data: string;
  /** What the data is; left out where the model was not run. */
  facts?: DataFacts;
  samples: number;
  /** Layers that are measured but not among `lines`, because others suffer more. */
  omitted: number;
  /** Whole blocks and heads, as far as they were asked about. */
  wholes: (DamageGrid & { unit: Exclude<Unit, 'layer'>; omitted: number })[];
  /** The worst under the last probe first. */
  roles: MeanLine[];
  /** By block, in the model's order; empty where the model has fewer than two. */
  depth: MeanLine[];
  /** Sentences on roles and depth, each with its figures and intervals. */
  findings: string[];
  /** What the weights alone tell, those that lose most first; no measure of damage. */
  hints: { probes: string[]; lines: HintLine[]; omitted: number };
  /** In the model's order. */
  propagation: PropagationRow[];
  /** Layers that were not asked about. */
  skipped: number;
  /** What went otherwise than was asked for, a sentence each. */
  notes: string[];
  complete: boolean;
  /** The model's content has changed since. */
  stale?: boolean;
}

/** What some probes do to some layers, blocks or heads, in the model's order. */
export interface DamageGrid {
  probes: { name: string; title: string; strength: ProbeFacts['strength']; unit: Unit }[];
  lines: SensitivityViewLine[];
}

/** A layer, block or head; its cells stand in the order of the probes, null where there is no figure yet. */
export interface SensitivityViewLine {
  id: string;
  name: string;
  part: Part;
  role: Role;
  block: number | null;
  cells: (DamageCell | null)[];
}

/** Mean damage with its 95 % interval, and how it was come by. */
export interface DamageCell {
  damage: number;
  low: number;
  high: number;
  samples: number;
  settled: boolean;
}

/** The mean over layers that belong together, for every probe; its interval is the mean of theirs, wide enough where their errors go together. */
export interface MeanLine {
  /** A role, or the index of a block. */
  name: string;
  layers: number;
  means: ({ mean: number; low: number; high: number } | null)[];
}

/** One layer's hints; what its weight keeps under each probe in dB, null where nothing is lost or nobody asked. */
export interface HintLine {
  id: string;
  outlierRatio: number;
  channelSpread: number;
  zeros: number;
  snrDb: (number | null)[];
}

/** An entry of "What to compress next": a step, what it gains and what it was measured to hurt. */
export interface NextStep {
  /** "4-bit weights for 6 output projections". */
  title: string;
  /** Its two halves: "4-bit weights", "6 output projections". */
  how: string;
  what: string;
  layers: string[];
  action: string;
  params: Record<string, unknown>;
  /** Of their weights, now and afterwards. */
  bytes: { before: number; after: number };
  /** Share of the measured time that these layers take; null where it was not measured. */
  timeShare: number | null;
  /** Sum of the layers' own damages, with the sum of their intervals. */
  damage: number;
  low: number;
  high: number;
}

/** A file that was measured against the original: a point of the chart of candidates. */
export interface CandidateView {
  /** The file's own name. */
  name: string;
  /** Its path. */
  file: string;
  isOriginal: boolean;
  bytes: number;
  /** Mean damage by `metric`, 0 for the original; null where it was not measured. */
  damage: number | null;
  /** Its 95 % interval; null where there is none. */
  interval: { low: number; high: number } | null;
  /** How many times as fast as the original, 1 for itself; null where it was not measured. */
  speed: number | null;
  accuracy: number | null;
  /** What the damage stands on. */
  metric: string;
  data: string;
  samples: number;
}
