import type { Section, Stretch } from './page';

/** A model as text, and where everything stands in it. Lines count from 0, columns in UTF-16 units. */
export interface ModelText {
  readonly text: string;
  /** Modules and layers in the order of their lines. */
  readonly sections: readonly Section[];
  /** Line of every node by id, and the types of its outputs for the chosen sizes. */
  readonly nodes: readonly {
    readonly id: string;
    readonly layer: string;
    readonly line: number;
    readonly shape: string;
  }[];
  /** Every place a value or weight is written, the one that makes it first. */
  readonly values: readonly {
    readonly name: string;
    readonly weight: boolean;
    readonly places: readonly Stretch[];
  }[];
  /** Lines of layers whose exporter left the line of source that they come from. */
  readonly sources: readonly {
    readonly line: number;
    readonly file: string;
    readonly sourceLine: number;
  }[];
}
