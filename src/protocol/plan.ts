import type { Sizes } from './engineApi';
import type { Step } from './recipe';

/** What planning crosses processes with, and what `featherweight plan --json` prints. */

export interface PlanRequest extends Sizes {
  /** Absolute path. */
  file: string;
  /** Inputs to measure the damage on, and to calibrate with. */
  data: string;
  /** The column of labels in a table, where it is not one of the usual names. */
  label?: string;
  /** At most so many samples for the damage, the first ones. */
  samples: number;
  limit: PlanLimit;
  /** Whether the exact rewrites that pay come first; they do where it is left out. */
  prepare?: boolean;
  threads: number;
  /** Folder that keeps what was measured for the next plan of the same model on the same data. */
  cache?: string;
}

/**
 * What must be kept: bytes of the file, milliseconds of a run, how many times as fast as the original at least (the same asked so that
 * other work on the machine meets both), or the mean damage by the model's metric.
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

/** `featherweight plan --json`. */
export interface Plan {
  limit: PlanLimit;
  metric: { name: string; title: string; unit: string };
  data: string;
  samples: number;
  /** Ordinary steps of a recipe, each with its reason as a note. */
  steps: Step[];
  layers: PlannedLayer[];
  /** Sums over the layers' own measurements. */
  predicted: PlanFigures;
  /** Of the model with all steps made. */
  measured: PlanFigures;
  /** Of the same model on samples of the data that no measurement before has seen; null where there are none left. */
  unseen: { samples: number; damage: number } | null;
  /** Every other plan that the same measurements promise, the smallest or fastest first. */
  front: PlanPoint[];
  /** Plans that were made and measured, the last one given: more than one where the sum of parts was wrong. */
  attempts: { predicted: PlanFigures; measured: PlanFigures }[];
  /** Whether the measured model keeps the limit. */
  kept: boolean;
  /** Layers that no choice fits, with the reason. */
  skipped: { layer: string; why: string }[];
  seconds: number;
  /** Damages of single layers that were kept from an earlier plan, and those in all. */
  reused: { layers: number; of: number };
}

export interface PlanFigures {
  bytes: number;
  /** Null where nobody asked for it. */
  latencyMs: number | null;
  /** How many times as fast as the original, run in turn with it; null where nobody asked for it. */
  speed: number | null;
  damage: number;
}

export interface PlannedLayer {
  id: string;
  name: string;
  /** Name of the choice, `keep` for a layer left as it is. */
  choice: string;
  title: string;
  bytes: { before: number; after: number };
  damage: number;
}
