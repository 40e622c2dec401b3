import type { Dim, TensorType } from '../model';
import type { Scope } from '../graph';

/** Sizes given to symbolic dimensions, by the model's own symbol (`batch`, `s18`) . */
export type DimensionSizes = ReadonlyMap<string, number>;

/** What is known of every value of a model, for one choice of sizes. */
export interface Shapes {
  /** Undefined where nothing could be inferred. Dimensions are numbers, symbols without a size, or null. */
  typeOf(scope: Scope, name: string): TensorType | undefined;
  /** The value itself where it is a small integer tensor that does not depend on the data (a shape, an axis, an index). */
  constantOf(scope: Scope, name: string): readonly number[] | undefined;
  /** As `constantOf`, where elements may be symbols (sizes that are not given) or null. */
  elementsOf(scope: Scope, name: string): readonly Dim[] | undefined;
  /** False for a graph or body that cannot run at these sizes, since values in it do not fit each other. */
  fits(scope: Scope): boolean;
}

export type { OpenExternal } from '../external';
