import type { Feeds } from '../runner';

/** A batch of samples as the model takes it. */
export interface Batch {
  readonly feeds: Feeds;
  /** The samples' classes, where the data has them. */
  readonly labels: readonly number[] | undefined;
}

/** Samples that a model can be run on, checked against its inputs. */
export interface Dataset {
  /** The file or folder it came from. */
  readonly name: string;
  /** Single samples; in a folder of test sets each set is one. */
  readonly count: number;
  /** Batches of up to `size` samples; a model with a fixed batch takes its own size. */
  batches(size: number): number;
  /** The batch at `index`, cut to its longest sample. */
  batch(index: number, size: number): Batch;
}
