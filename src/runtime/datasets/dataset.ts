import type { DataKind } from '../../base/dataKinds';
import { UserError } from '../../base/errors';
import type { PositionMask } from '../calibration';
import type { Label } from '../labels';
import type { Feeds } from '../runner';
import { maskByInput, maskByLengths, withSecond } from './masks';

/** A batch of samples as the model takes it. */
export interface Batch {
  readonly feeds: Feeds;
  /** The samples' classes, where the data has them. */
  readonly labels: readonly Label[] | undefined;
  /** Which positions of the batch are not padding; undefined where all count. */
  readonly mask: PositionMask | undefined;
}

/** Samples that a model can be run on, checked against its inputs. */
export interface Dataset {
  /** The file or folder it came from. */
  readonly name: string;
  readonly kind: DataKind;
  /** Single samples; in a folder of test sets each set is one. */
  readonly count: number;
  /** Samples that the model takes at once where its file or the data insist; undefined where any number will do. */
  readonly atOnce: number | undefined;
  /** What nobody stated and was taken to be so, a sentence each. */
  readonly assumed: readonly string[];
  /** How many positions of the samples at these places are not padding; undefined for data without. */
  lengths(samples: readonly number[]): readonly number[] | undefined;
  /** The classes of the samples at these places; undefined for data without. Throws `badInput` where only some have one. */
  labels(samples: readonly number[]): readonly Label[] | undefined;
  /** The samples at these places as one batch, cut to the longest of them; `atOnce` of them where that is given. */
  select(samples: readonly number[]): Batch;
  /** Batches of `size` samples; the last may be smaller, or is left out where the model takes its own size. */
  batches(size: number): number;
  /** The batch at `index` in the data's own order. */
  batch(index: number, size: number): Batch;
}

/** What differs between kinds of data. */
export interface DatasetSource extends Omit<Dataset, 'batches' | 'batch' | 'select' | 'assumed'> {
  readonly assumed?: readonly string[];
  /** What the model is fed for the samples at these places. */
  readonly feeds: (samples: readonly number[]) => Feeds;
  /** The model's input that says which positions are padding; undefined where it takes none. */
  readonly maskInput: string | undefined;
  /** The input of [batch, sequence] that `lengths` are about; undefined where there are none. */
  readonly lengthInput: string | undefined;
  /** The same of what a decoder is fed beside an encoder. */
  readonly decoder?: {
    readonly input: string | undefined;
    readonly lengths: (samples: readonly number[]) => readonly number[];
  };
}

/** A dataset from what differs between kinds of data: batches and their masks follow. Throws `badInput` for too few samples. */
export function datasetOf(source: DatasetSource): Dataset {
  const { feeds: feedsOf, maskInput, lengthInput, decoder, ...rest } = source;
  const { name, count, atOnce } = source;
  if (count < (atOnce ?? 1)) {
    throw new UserError(
      'badInput',
      count === 0
        ? `${name} has no samples.`
        : `${name} has ${count} samples; the model takes ${atOnce ?? 1} at once.`,
    );
  }
  const sizeOf = (wanted: number) => Math.min(count, atOnce ?? wanted);
  const select = (samples: readonly number[]): Batch => {
    const labels = source.labels(samples);
    const feeds = feedsOf(samples);
    const mask =
      maskByInput(feeds, maskInput) ?? maskByLengths(feeds, lengthInput, source.lengths(samples));
    const lengths = decoder?.input === undefined ? undefined : decoder.lengths(samples);
    const second = maskByLengths(feeds, decoder?.input, lengths);
    return { feeds, labels, mask: second ? withSecond(feeds, lengthInput, mask, second) : mask };
  };
  return {
    assumed: [],
    ...rest,
    select,
    batches: (size) => Math.max(1, batchCount(count, sizeOf(size), atOnce !== undefined)),
    batch: (index, size) => {
      const from = index * sizeOf(size);
      return select(range(from, Math.min(count, from + sizeOf(size))));
    },
  };
}

const batchCount = (count: number, size: number, whole: boolean) =>
  whole ? Math.floor(count / size) : Math.ceil(count / size);

/** Whole numbers from `from` to before `to`. */
export const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => from + at);

/**
 * The samples at `places`, or all, in batches: the short ones first, so that little of a batch is padding. Samples that do not fill the
 * last batch of a model with a size of its own are left out: the longest ones.
 */
export function batchesByLength(
  dataset: Dataset,
  size: number,
  places: readonly number[] = range(0, dataset.count),
): readonly (readonly number[])[] {
  const { atOnce } = dataset;
  const lengths = dataset.lengths(places);
  const order = range(0, places.length);
  if (lengths) order.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0));
  const step = Math.max(1, Math.min(places.length, atOnce ?? size));
  const batches = Array.from({ length: Math.ceil(places.length / step) }, (_, at) =>
    order.slice(at * step, (at + 1) * step).map((place) => places[place] ?? 0),
  );
  return batches.filter((batch) => atOnce === undefined || batch.length === atOnce);
}
