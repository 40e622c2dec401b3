import type { Progress } from '../base/progress';
import type { Edit } from '../onnx/edit';
import type { FreshNames } from '../onnx/fresh';
import type { GraphIndex } from '../onnx/graph';
import type { OpenExternal } from '../onnx/shapes/shapes';
import type { Choice, DataUse, Speed } from '../protocol/build';
import type { ParamsOf, ParamSpecs } from '../protocol/params';
import type { Calibration } from '../runtime/calibration';
import type { Layer, Structure } from '../structure/structure';
import type { Keeper } from './keeper';

/** Whether an action can be applied to a layer, and if not, why: a sentence to show beside the greyed choice. */
export type Fit = { readonly fits: true } | { readonly fits: false; readonly why: string };

export const fits: Fit = { fits: true };
export function doesNotFit(why: string): Fit {
  return { fits: false, why };
}

/** What an action would save on a layer, estimated from its figures alone. */
export interface Saving {
  /** Bytes of the layer's weights, now and after. */
  readonly before: number;
  readonly after: number;
}

/** The model an action works on, and what it may use. */
export interface Workbench {
  readonly structure: Structure;
  /** The model that the recipe starts from, to hold what earlier steps made of it against. */
  readonly original: GraphIndex;
  /** The model as its preparations left it, which no step has quantized yet: what layers are watched on. */
  readonly prepared: GraphIndex;
  /** What was found out on `prepared` with this data before; undefined where nobody asks twice. */
  readonly keeper: Keeper | undefined;
  /** Opens the model's external data. */
  readonly open: OpenExternal | undefined;
  /** Names that the model does not use yet. */
  readonly names: FreshNames;
  /** Keeps the last computed result, so that a weight's codes and scales are computed once and only one layer's are in memory. */
  readonly remember: <T>(compute: () => T) => () => T;
  /** Runs the model as it now stands on the user's data; undefined where the user gave none. */
  readonly calibration: Calibration | undefined;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  /** Notes what the user should know of the result, one sentence; left out where nobody listens. */
  readonly tell?: (note: string) => void;
}

/**
 * One way of making layers lighter, `D` being what it finds out by running the model. Facts first, so that menus, forms, the recipe's
 * schema and the command line need no code of their own.
 */
export interface Action<S extends ParamSpecs = ParamSpecs, D = unknown> {
  readonly title: string;
  /** One sentence: what it does, and what it costs. */
  readonly about: string;
  /** `study`: smaller or instructive, but of no use at run time. */
  readonly group: 'quantize' | 'prepare' | 'study';
  readonly speed: Speed;
  /** Why it is no faster, where it is not. */
  readonly speedNote?: string;
  readonly data: DataUse;
  /**
   * `model`: it looks through the whole graph, also where no layer is, and is asked again until it has no more edits. `layers` are then
   * all that the targets mean, fitting or not, and the outcome names those that its edits touch.
   */
  readonly scope?: 'layers' | 'model';
  readonly params: S;
  /** Entries of the menus; one with the title and the defaults where it is left out. */
  readonly choices?: readonly Choice[];
  /** Of a layer by itself; `edits` may assume it. */
  appliesTo(layer: Layer, params: ParamsOf<S>): Fit;
  estimate(layer: Layer, params: ParamsOf<S>): Saving;
  /** Whether it makes more of layers that stand side by side than of each by itself: what it finds out of them together says nothing of one. */
  isJoined?(layer: Layer): boolean;
  /** Finds out what it needs by running the model: ranges, Hessians. Called with data only. */
  collect?(bench: Workbench, layers: readonly Layer[], params: ParamsOf<S>): Promise<D>;
  /**
   * The changes for all layers at once, so that layers reading one input can share what is computed from it. Pure; `data` is undefined
   * where there was none to collect from.
   */
  edits(
    bench: Workbench,
    layers: readonly Layer[],
    params: ParamsOf<S>,
    data: D | undefined,
  ): readonly Edit[];
}

/** Keeps the parameters' types while the action is written down. */
export function defineAction<S extends ParamSpecs, D = undefined>(
  action: Action<S, D>,
): Action<S, D> {
  return action;
}
