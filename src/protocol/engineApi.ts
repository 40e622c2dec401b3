import type {
  ActionFacts,
  ActionOffer,
  Built,
  BuildRequest,
  CompareRequest,
  Comparison,
  RecipeCheck,
} from './build';
import type { Plan, PlanRequest } from './plan';
import type { Recipe } from './recipe';
import type { Sensitivity, SensitivityOptions, SensitivityRequest } from './sensitivity';
import type { Inspection, Profile, TextView, WeightStatistics } from './types';

/** Sizes for symbolic dimensions (`--dim`) and whole shapes for inputs (`--shape`). */
export interface Sizes {
  /** By the model's symbol or by role (`batch`, `sequence`). */
  dims?: Record<string, number>;
  shapes?: Record<string, number[]>;
}

export interface ModelRequest extends Sizes {
  /** Absolute path. */
  file: string;
}

/** Which data a model is run on, and which samples of it. */
export interface DataRequest {
  /** Absolute path of data of any kind in `dataKinds`; made-up inputs without it. */
  data?: string;
  /** What holds the labels, where it has not one of the usual names. */
  label?: string;
  /** At most so many samples, the first ones. */
  samples?: number;
  /** Draws the samples by `seed` instead of taking the first ones. */
  shuffle?: boolean;
  /** Draws samples, and makes up what the data does not have. */
  seed?: number;
}

export interface ProfileRequest extends ModelRequest, DataRequest {
  /** 0 lets the runtime choose. */
  threads: number;
  runs: number;
  warmup: number;
  provider: string;
  seed: number;
}

export interface RuntimeFacts {
  version: string;
  providers: string[];
  /** Which Node runs the engine. */
  node: string;
}

export interface FootprintRequest {
  /** Absolute path. */
  file: string;
  threads: number;
  /** By input name; `data` is the typed array of the type, or a list of strings. */
  feeds: Readonly<
    Record<
      string,
      {
        readonly dtype: string;
        readonly shape: readonly number[];
        readonly data: ArrayBufferView | readonly string[];
      }
    >
  >;
}

/** What loading and running a model takes. */
export interface Footprint {
  loadMs: number;
  /** Above what the process had before; null where the system does not tell. */
  peakMemoryBytes: number | null;
}

/**
 * What the engine does. Every call names its model, so a restarted engine answers the same call the same way. Each method takes one
 * argument; the second, added by `rpc.ts`, carries cancellation and progress.
 */
export interface EngineApi {
  inspect(request: ModelRequest): Inspection;
  /** Symbols of the model's inputs with the size each has by default, and what it is taken for. */
  dimensions(request: {
    file: string;
  }): { symbol: string; role: 'batch' | 'sequence' | 'other'; size: number }[];
  text(request: ModelRequest): TextView;
  weightStatistics(request: { file: string; weight: string }): WeightStatistics;
  profile(request: ProfileRequest): Profile;
  runtime(request: Record<string, never>): RuntimeFacts;
  /** Every action there is, for menus and forms. */
  actions(request: Record<string, never>): ActionFacts[];
  /** What the menus' entries would do to these layers, the most useful first. */
  offers(request: { file: string; layers: string[] }): ActionOffer[];
  checkRecipe(request: { file: string; recipe: Recipe }): RecipeCheck;
  /** Makes a recipe's steps and writes the new model. */
  build(request: BuildRequest): Built;
  /** Runs two models on the same inputs; the partial results are comparisons that are not `complete`. */
  compare(request: CompareRequest): Comparison;
  /** Loads a model and runs it; for a process that has done nothing else. */
  footprint(request: FootprintRequest): Footprint;
  /** What a sweep can be asked for, for forms. */
  sensitivityOptions(request: Record<string, never>): SensitivityOptions;
  /** Compresses one layer at a time; the partial results are not `complete`. */
  sensitivity(request: SensitivityRequest): Sensitivity;
  /** Chooses an action for every layer within a limit, and measures the whole. */
  plan(request: PlanRequest): Plan;
}

/** Which of the engine's two processes answers: `run` loads ONNX Runtime and may be killed at any moment; `read` never does. */
export const lanes: Readonly<Record<keyof EngineApi, 'read' | 'run'>> = {
  inspect: 'read',
  dimensions: 'read',
  text: 'read',
  weightStatistics: 'read',
  profile: 'run',
  runtime: 'run',
  actions: 'read',
  offers: 'read',
  checkRecipe: 'read',
  build: 'run',
  compare: 'run',
  footprint: 'run',
  sensitivityOptions: 'read',
  sensitivity: 'run',
  plan: 'run',
};
