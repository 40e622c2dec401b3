import type { DataFacts } from '../base/dataKinds';
import type { KernelProof, LayerChange } from './build';

/** The recipe beside a model, as the dashboard shows it: `recipeView` in `report` makes it. Lists are cut to what a page can show. */
export interface RecipeView {
  /** The document's name, without its folder. */
  file: string;
  steps: StepView[];
  /** Of the model's file and external data, now and as the steps would leave them; null until they are held against the model. */
  bytes: { before: number; after: number } | null;
  /** As the recipe names it; null where it names none. */
  data: { calibration: string | null; evaluation: string | null };
  /** Why nothing of it can be used, in one sentence: it is no JSON, or made for another model. */
  problem: string | null;
  /** What is being done with it now. */
  busy?: { what: string; fraction: number; note: string };
  /** Why the last build or measurement failed. */
  error?: { message: string; hint?: string };
  /** The model that was built from it. */
  candidate?: {
    /** Its path. */
    file: string;
    bytes: number;
    /** False where the recipe was changed since. */
    current: boolean;
  };
}

/** One step of the recipe in words. */
export interface StepView {
  /** "int8, dynamic". */
  title: string;
  /** What is not as usual: "Block 64, Symmetric"; empty where all is. */
  params: string;
  /** What it was pointed at: "embeddings", "3 layers". */
  targets: string;
  /** How many layers it changes; null until it is held against the model. */
  layerCount: number | null;
  /** Of those layers' weights. */
  bytes: { before: number; after: number } | null;
  /** Why it cannot be made. */
  problem: string | null;
  /** What there is to know about its speed: why it will not run faster, or when it will. */
  speedNote: string | null;
  /** Layers that it was asked to change and cannot, by reason. */
  skipped: SkippedView[];
}

export interface SkippedView {
  why: string;
  count: number;
  /** Ids of the first of them. */
  layers: string[];
}

/** What the recipe does to a layer. */
export interface Chosen {
  /** Short: "int8", "4-bit". */
  label: string;
  /** The step's title with what is not as usual in it. */
  title: string;
  /** Indices of the steps that change it, in their order. */
  steps: number[];
  /** How many times smaller its weights become; null for a preparation. */
  factor: number | null;
}

/** A comparison in words, its lists cut: `comparisonView` in `report` makes it. */
export interface ComparisonView {
  /** Paths, as the comparison has them. */
  reference: string;
  candidate: string;
  lines: ComparisonLine[];
  /** Data, samples, shapes of the timed runs, runtime. */
  conditions: string;
  /** What the data is; left out where neither model was run. */
  facts?: DataFacts;
  kernels: {
    schemes: SchemeKernels[];
    misses: KernelProof[];
    missCount: number;
    /** What is worth knowing of kernels that do run. */
    notes: { why: string; count: number }[];
  };
  changes: {
    changed: number;
    added: number;
    removed: number;
    same: number;
    /** The largest savings first. */
    shown: LayerChange[];
    /** Those whose results are furthest from the original's. */
    worst: LayerChange[];
  };
  complete: boolean;
  /** False where the recipe or the candidate was changed since it was measured. */
  current: boolean;
}

export type Tone = 'better' | 'worse' | 'same';

/** One thing that was measured of both models. */
export interface ComparisonLine {
  id:
    | 'file'
    | 'latency'
    | 'accuracy'
    | 'f1'
    | 'agreement'
    | 'kl'
    | 'perplexity'
    | 'error'
    | 'memory'
    | 'load';
  title: string;
  /** "62.5 ms"; empty where it is said of the two together. */
  reference: string;
  candidate: string;
  /** "2.5x faster", "no difference". */
  verdict: string;
  /** Interval and conditions: "[2.3, 2.6], 40 rounds in turn, 1 thread". */
  note: string;
  /** Lengths to draw, of 1; null where a length says nothing. */
  bars: { reference: number; candidate: number } | null;
  /** Null where neither is better. */
  tone: Tone | null;
}

/** How many of the layers of one scheme run the kernel that makes them fast. */
export interface SchemeKernels {
  scheme: string;
  ok: number;
  total: number;
}
