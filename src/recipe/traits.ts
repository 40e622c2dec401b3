import type { Family, Part } from '../base/terms';
import type { Inspection } from '../protocol/types';

/** What choosing steps for a model depends on. */
export interface ModelTraits {
  readonly family: Family;
  /** That its layers belong to. */
  readonly parts: readonly Part[];
  /** Whether there is data to run it on. */
  readonly data: boolean;
}

/** The traits of a model that was inspected. */
export function traitsOf({ structure, layers }: Inspection, data: boolean): ModelTraits {
  return { family: structure.family, parts: [...new Set(layers.map((layer) => layer.part))], data };
}
