import type { Progress } from '../base/progress';
import type { Edit } from '../onnx/edit';
import type { FreshNames } from '../onnx/fresh';
import type { OpenExternal } from '../onnx/shapes/shapes';
import type { Layer, Structure } from '../structure/structure';
import type { ParamsOf, ParamSpecs } from './params';

/** Whether an action can be applied to a layer, and if not, why: a sentence to show beside the greyed choice. */
export type Fit = { readonly fits: true } | { readonly fits: false; readonly why: string };

export const fits: Fit = { fits: true };
export function doesNotFit(why: string): Fit {
  return { fits: false, why };
}

/** What an action would save on a layer, estimated from its figures alone. */
export interface Saving {
  /** Bytes of the file, now and after. */
  readonly before: number;
  readonly after: number;
}

/** The model an action works on, and what it may use. */
export interface Workbench {
  readonly structure: Structure;
  /** Opens the model's external data. */
  readonly open: OpenExternal | undefined;
  /** Names that the model does not use yet. */
  readonly names: FreshNames;
  /** Keeps the last computed result, so that a weight's codes and scales are computed once and only one layer's are in memory. */
  readonly remember: <T>(compute: () => T) => () => T;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
}

/** What running the result will be like, said before it is chosen. */
export type Speed = 'faster' | 'same' | 'slower';

/** One way of making layers lighter. Facts first, so that menus, forms, the recipe's schema and the command line need no code of their own. */
export interface Action<S extends ParamSpecs = ParamSpecs> {
  readonly title: string;
  /** One sentence: what it does, and what it costs. */
  readonly about: string;
  readonly group: 'quantize' | 'prepare' | 'study';
  readonly speed: Speed;
  /** Why it is no faster, where it is not. */
  readonly speedNote?: string;
  readonly data: 'none' | 'optional' | 'needed';
  readonly params: S;
  /** Of a layer by itself; `edits` may assume it. */
  appliesTo(layer: Layer, params: ParamsOf<S>): Fit;
  estimate(layer: Layer, params: ParamsOf<S>): Saving;
  /** The changes for all layers at once, so that layers reading one input can share what is computed from it. Pure. */
  edits(bench: Workbench, layers: readonly Layer[], params: ParamsOf<S>): readonly Edit[];
}

/** Keeps the parameters' types while the action is written down. */
export function defineAction<S extends ParamSpecs>(action: Action<S>): Action<S> {
  return action;
}
