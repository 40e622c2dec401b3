import type { Part, Role } from '../base/terms';

/** What was done to a model, as a document: `NAME.featherweight.json` beside it. Applying it to the same model gives the same result. */
export interface Recipe {
  readonly version: 1;
  readonly model: {
    /** Relative to the recipe. */
    readonly file: string;
    /** Of the model's own file: a recipe for other weights is not applied without asking. */
    readonly sha256?: string;
  };
  readonly data?: RecipeData;
  readonly steps: readonly Step[];
  /** What was measured when it was last built: for people and reviews, never read back. */
  readonly measured?: MeasuredRecipe;
}

/** Samples of the calibration data where a recipe does not say how many: enough for ranges and Hessians of layers of usual width, in seconds. */
export const defaultSamples = 256;

/** Files or folders, relative to the recipe. */
export interface RecipeData {
  readonly calibration?: string;
  readonly evaluation?: string;
  /** What holds the labels, where it has not one of the usual names. */
  readonly label?: string;
  /** At most so many samples of the calibration data, the first ones. */
  readonly samples?: number;
  /** Draws these samples with this seed instead. */
  readonly seed?: number;
}

/** One action on some layers. Steps are made in order, each on what the one before left. */
export interface Step {
  readonly action: string;
  readonly targets: Targets;
  readonly params?: Readonly<Record<string, unknown>>;
  /** For people: why this step is here. */
  readonly note?: string;
}

/** Layers, named or described. All that are given must hold; an empty selection means every layer that the action fits. */
export interface Selector {
  readonly layers?: readonly string[];
  readonly parts?: readonly Part[];
  readonly roles?: readonly Role[];
  readonly blocks?: readonly number[];
  /** Dotted module paths, `*` for any stretch: `encoder.*.query`. */
  readonly modules?: readonly string[];
  readonly ops?: readonly string[];
}

export interface Targets extends Selector {
  /** Layers that any of these describe are left out. */
  readonly except?: readonly Selector[];
}

/** Figures beside the recipe, as `featherweight compare` prints them; unknown ones are left out. */
export interface MeasuredRecipe {
  readonly bytes: { readonly before: number; readonly after: number };
  readonly latencyRatio?: { readonly median: number; readonly low: number; readonly high: number };
  readonly kl?: number;
  readonly agreement?: number;
  readonly accuracy?: { readonly before: number; readonly after: number };
  /** What the differences stand on. */
  readonly data?: string;
  readonly samples?: number;
}
