import type { DataFacts } from '../base/dataKinds';
import type { DataRequest, Sizes } from './engineApi';
import type { Step } from './recipe';

/** What planning crosses processes with, and what `featherweight plan --json` prints. */

/** The samples that plans stand on where nobody says: texts and recordings in their order differ from part to part, and a limit has to hold on all. */
export const usualDraw = { samples: 768, shuffle: true, seed: 1 } as const;

export interface PlanRequest extends Sizes, DataRequest {
  /** Absolute path. */
  file: string;
  /** Inputs to measure the damage on, and to calibrate with. */
  data: string;
  /** At most so many samples in all: to collect from, to choose on and to hold plans to. */
  samples: number;
  limit: PlanLimit;
  /** What the damage is; chosen by the kind of output where it is left out. */
  metric?: string;
  /** Whether the exact rewrites that pay come first; they do where it is left out. */
  prepare?: boolean;
  threads: number;
  /** Folder that keeps what was measured for the next plan of the same model on the same data. */
  cache?: string;
}

/**
 * What must be kept: bytes of the file, milliseconds of a run, how many times as fast as the original at least (the same asked so that
 * other work on the machine meets both), or the mean damage by the metric. What is measured keeps it with the worse end of its interval.
 */
export interface PlanLimit {
  kind: 'size' | 'latency' | 'speed' | 'damage';
  value: number;
}

/** A partial result of planning: how far the layers are measured, and what plans on that alone would promise. */
export interface PlanProgress {
  /** Pairs of a layer and a choice. */
  measured: number;
  of: number;
  front: PlanPoint[];
}

/** A plan that could be had: the least damage at that cost, as the sum of the layers' own measurements promises it. */
export interface PlanPoint {
  bytes: number;
  /** Null where the limit is none of time. */
  latencyMs: number | null;
  damage: number;
}

/** A figure's 95 % interval. */
export interface Interval {
  low: number;
  high: number;
}

export interface PlanMetric {
  name: string;
  title: string;
  unit: string;
}

/** `featherweight plan --json`. */
export interface Plan {
  limit: PlanLimit;
  /** What the whole model's damage is. */
  metric: PlanMetric;
  /** What the damage of single layers is, and of their sums: another where the metric tells too little of one layer. */
  layerMetric: PlanMetric;
  data: string;
  /** What the data is, told for all samples that were used. */
  facts?: DataFacts;
  /** That the measured damage stands on. */
  samples: number;
  basis: PlanBasis;
  /** Ordinary steps of a recipe, each with its reason as a note. */
  steps: Step[];
  layers: PlannedLayer[];
  /** Sums over the layers' own measurements; null for a ready scheme. */
  predicted: PlanFigures | null;
  /** Of the model with all steps made. */
  measured: MeasuredFigures;
  /** Of the same model on samples that nothing has looked at, those beyond `PlanRequest.samples`; null where there are none left. */
  unseen: ({ samples: number; damage: number } & Interval) | null;
  /** Every other plan that the same measurements promise, the smallest or fastest first. */
  front: PlanPoint[];
  /** Plans and ready schemes that were made and measured, in the order of trying. */
  attempts: PlanAttempt[];
  /** Whether the measured model keeps the limit, with the worse end of its interval where it was measured. */
  kept: boolean;
  /** Layers that no choice fits, with the reason. */
  skipped: { layer: string; why: string }[];
  /** What the figures say nothing of, a sentence each: layers that no sample's answer depends on, but that the size cannot be had without. */
  notes: string[];
  seconds: number;
  /** Damages of single layers that were kept from an earlier plan, and those in all. */
  reused: { layers: number; of: number };
}

/** How many samples served what; none serves two purposes where `heldOut`. */
export interface PlanBasis {
  /** Scales and rounding come from them; a recipe that is built from the first so many samples gives the measured model. */
  calibrating: number;
  /** Single layers were tried on them, the harder ones more often than the easy ones. */
  choosing: number;
  /** The limit is held on them. */
  holding: number;
  /** False where there are too few samples to divide. */
  heldOut: boolean;
}

export interface PlanAttempt {
  /** `plan`, or the name of the ready scheme or recipe. */
  source: string;
  predicted: PlanFigures | null;
  measured: MeasuredFigures;
}

export interface PlanFigures {
  bytes: number;
  /** Null where nobody asked for it. */
  latencyMs: number | null;
  /** How many times as fast as the original, run in turn with it; null where nobody asked for it. */
  speed: number | null;
  damage: number;
}

export interface MeasuredFigures extends PlanFigures {
  intervals: { damage: Interval; latencyMs: Interval | null; speed: Interval | null };
}

export interface PlannedLayer {
  id: string;
  name: string;
  /** Name of the choice, `keep` for a layer left as it is; of the ready scheme where the plan is one. */
  choice: string;
  title: string;
  bytes: { before: number; after: number };
  /** By itself, by `Plan.layerMetric`; null where a ready scheme is given, and where no sample's answer depends on the layer. */
  damage: number | null;
}
