import type { CalibrationBatch } from '../runtime/calibration';
import type { Feeds, RunTensor } from '../runtime/runner';
import type { Part } from './part';
import type { Segments } from './segments';

/** A batch with what is known of it. */
export interface KeptBatch {
  readonly batch: CalibrationBatch;
  /** What the model is fed, and values of the model as it is, by name. */
  readonly clean: Map<string, RunTensor>;
  /** The wanted outputs of the model as it is. */
  readonly reference: Record<string, RunTensor>;
}

/** A batch of which nothing is known but what is fed. */
export function unknownBatch(batch: CalibrationBatch): KeptBatch {
  return { batch, clean: new Map(Object.entries(batch.feeds)), reference: {} };
}

/** The batches that a lane runs on, and what it knows of the model as it is. */
export class Values {
  /** The segment in front of which nothing is known any more. */
  first = 0;

  constructor(
    private readonly segments: Segments,
    readonly batches: readonly KeptBatch[],
  ) {}

  /** Drops values but for those that are fed and wanted, and those that enter the segments from `from` to `to`. */
  forget(from: number, to: number): void {
    const { all, wanted } = this.segments;
    const entering = all.slice(from, to + 1).flatMap(({ enters }) => [...enters]);
    const needed = new Set([...entering, ...wanted]);
    for (const { batch, clean } of this.batches) {
      for (const name of clean.keys()) {
        if (!needed.has(name) && !(name in batch.feeds)) clean.delete(name);
      }
    }
  }

  /** Notes which values are known; calling the result drops all that came since. */
  remembering(): () => void {
    const known = this.batches.map(({ clean }) => new Set(clean.keys()));
    return () => {
      for (const [at, { clean }] of this.batches.entries()) {
        for (const name of clean.keys()) if (!known[at]?.has(name)) clean.delete(name);
      }
    };
  }
}

/** What is known of what a part reads. */
export function feedsOf({ inputs }: Part, { clean }: KeptBatch): Feeds {
  const feeds: Record<string, RunTensor> = {};
  for (const name of inputs) {
    const tensor = clean.get(name);
    if (tensor) feeds[name] = tensor;
  }
  return feeds;
}

/** Bytes of those of the named values that are known. */
export function tensorBytes(
  values: ReadonlyMap<string, RunTensor>,
  names: Iterable<string>,
): number {
  let bytes = 0;
  for (const name of names) {
    const data = values.get(name)?.data;
    if (ArrayBuffer.isView(data)) bytes += data.byteLength;
  }
  return bytes;
}
