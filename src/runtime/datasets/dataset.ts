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
  /** Samples that the model takes at once where its file or the data insist; undefined where any number will do. */
  readonly atOnce: number | undefined;
  /** How many positions of each sample are not padding; undefined for data without. May read all of it. */
  lengths(): readonly number[] | undefined;
  /** The samples at these places as one batch, cut to the longest of them; `atOnce` of them where that is given. */
  select(samples: readonly number[]): Batch;
  /** Batches of `size` samples; the last may be smaller, or is left out where the model takes its own size. */
  batches(size: number): number;
  /** The batch at `index` in the data's own order. */
  batch(index: number, size: number): Batch;
}

/** A dataset from what differs between kinds of data: batches in order follow from `select`. */
export function datasetOf(source: Omit<Dataset, 'batches' | 'batch'>): Dataset {
  const { count, atOnce, select } = source;
  const sizeOf = (wanted: number) => Math.min(count, atOnce ?? wanted);
  return {
    ...source,
    batches: (size) => Math.max(1, countOf(count, sizeOf(size), atOnce !== undefined)),
    batch: (index, size) => {
      const from = index * sizeOf(size);
      return select(range(from, Math.min(count, from + sizeOf(size))));
    },
  };
}

const countOf = (count: number, size: number, whole: boolean) =>
  whole ? Math.floor(count / size) : Math.ceil(count / size);

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

/**
 * Places of all samples in batches, the short ones first, so that little of a batch is padding. Samples that do not fill the last batch of
 * a model with a size of its own are left out: the longest ones.
 */
export function batchesByLength(dataset: Dataset, size: number): readonly (readonly number[])[] {
  const { count, atOnce } = dataset;
  const lengths = dataset.lengths();
  const order = range(0, count);
  if (lengths) order.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0));
  const step = Math.min(count, atOnce ?? size);
  const batches = Array.from({ length: Math.ceil(count / step) }, (_, at) =>
    order.slice(at * step, (at + 1) * step),
  );
  return batches.filter((batch) => atOnce === undefined || batch.length === step);
}
