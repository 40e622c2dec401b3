import type { Sizes } from './engineApi';
import type { Step } from './recipe';

/** What planning crosses processes with, and what `featherweight plan --json` prints. */

export interface PlanRequest extends Sizes {
  /** Absolute path. */
  file: string;
  /** Inputs to measure the damage on, and to calibrate with. */
  data: string;
  /** At most so many samples for the damage, the first ones. */
  samples: number;
  limit: PlanLimit;
  threads: number;
}

/** What must be kept: bytes of the file, milliseconds of a run, or the mean damage by the model's metric. */
export interface PlanLimit {
  kind: 'size' | 'latency' | 'damage';
  value: number;
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
  /** Plans that were made and measured, the last one given: more than one where the sum of parts was wrong. */
  attempts: { predicted: PlanFigures; measured: PlanFigures }[];
  /** Whether the measured model keeps the limit. */
  kept: boolean;
  seconds: number;
}

export interface PlanFigures {
  bytes: number;
  /** Null where nobody asked for it. */
  latencyMs: number | null;
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
