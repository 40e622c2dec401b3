import { throwIfAborted } from '../base/cancel';
import type { Calibration, CalibrationBatch } from '../runtime/calibration';
import type { Feeds, RunTensor, Session } from '../runtime/runner';
import { type Part, partModel } from './part';
import type { Segments } from './segments';

/** A batch with what is known of it. */
export interface KeptBatch {
  readonly batch: CalibrationBatch;
  /** What the model is fed, and values of the model as it is, by name. */
  readonly clean: Map<string, RunTensor>;
  /** The wanted outputs of the model as it is. */
  readonly reference: Record<string, RunTensor>;
}

/** Values that a change made otherwise than they were, by name. */
export type Changed = ReadonlyMap<string, RunTensor>;

export interface ChainOptions {
  readonly data: Calibration;
  readonly signal: AbortSignal | undefined;
  /** Bytes that values between segments may take while they are kept; more are computed again. */
  readonly memory: number;
}

/** The sessions of a model's segments, each for everything that is changed before it, and the batches that they run on. */
export class Chain {
  private readonly sessions = new Map<number, Session>();
  readonly batches: readonly KeptBatch[];

  constructor(
    private readonly segments: Segments,
    private readonly options: ChainOptions,
  ) {
    this.batches = [...options.data.batches()].map((batch) => ({
      batch,
      clean: new Map(Object.entries(batch.feeds)),
      reference: {},
    }));
  }

  /** Loads all segments, and runs the model as it is. */
  async start(): Promise<void> {
    const { all, wanted } = this.segments;
    let bytes = 0;
    for (let at = 0; at < all.length; at++) {
      await this.load(at);
      await this.cover(at);
      bytes += this.bytesOf(at);
      for (const { clean, reference } of this.batches) {
        for (const name of wanted) {
          const tensor = clean.get(name);
          if (tensor) reference[name] = tensor;
        }
      }
      if (bytes > this.options.memory) this.forget(at + 1, at + 1);
    }
    if (bytes > this.options.memory) this.forget(0, 0);
  }

  /** Sees to it that what a segment makes of the model as it is is known. */
  async cover(at: number): Promise<void> {
    for (const kept of this.batches) {
      if (this.isKnown(at, kept)) continue;
      throwIfAborted(this.options.signal);
      for (const [name, tensor] of await this.run(at, kept)) kept.clean.set(name, tensor);
    }
  }

  /**
   * Goes on behind a change: runs the segments from `next` on, as far as it has an influence on them. Gives the wanted outputs that it made
   * otherwise, those among `changed` included.
   */
  async finish(kept: KeptBatch, next: number, changed: Changed): Promise<Feeds> {
    const { all, wanted } = this.segments;
    const values = new Map(changed);
    for (let at = next; at < all.length; at++) {
      throwIfAborted(this.options.signal);
      const isTouched = all[at]?.part.inputs.some((name) => values.has(name));
      if (!isTouched && this.isKnown(at, kept)) continue;
      const made = await this.run(at, kept, values);
      for (const [name, tensor] of made) (isTouched ? values : kept.clean).set(name, tensor);
    }
    return Object.fromEntries([...values].filter(([name]) => wanted.includes(name)));
  }

  /** Drops what nobody needs who changes something in segment `stage` or behind it. */
  async leave(stage: number): Promise<void> {
    this.forget(stage, this.segments.all.length);
    for (const [at, session] of this.sessions) {
      if (at >= stage) continue;
      this.sessions.delete(at);
      await session.release();
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

  async release(): Promise<void> {
    await this.leave(Infinity);
  }

  /** Drops values but for those that are fed and those that enter the segments from `from` to `to`. */
  private forget(from: number, to: number): void {
    const { all } = this.segments;
    const needed = new Set(all.slice(from, to + 1).flatMap(({ enters }) => [...enters]));
    for (const { batch, clean } of this.batches) {
      for (const name of clean.keys()) {
        if (!needed.has(name) && !(name in batch.feeds)) clean.delete(name);
      }
    }
  }

  private bytesOf(at: number): number {
    const { outputs } = this.segments.all[at]?.part ?? { outputs: [] };
    return this.batches.reduce((sum, { clean }) => sum + tensorBytes(clean, outputs), 0);
  }

  private isKnown(at: number, { clean }: KeptBatch): boolean {
    return this.segments.all[at]?.part.outputs.every((name) => clean.has(name)) ?? true;
  }

  private async load(at: number): Promise<void> {
    const { part } = this.segments.all[at] ?? {};
    if (!part || part.outputs.length === 0) return;
    const { data, signal } = this.options;
    throwIfAborted(signal);
    this.sessions.set(at, await data.load(partModel(this.segments.index, part, this.batches)));
  }

  private async run(at: number, kept: KeptBatch, changed?: Changed) {
    const { part } = this.segments.all[at] ?? {};
    const session = this.sessions.get(at);
    if (!part || !session) return [];
    const { outputs } = await session.run(feedsOf(part, kept, changed), part.outputs);
    return Object.entries(outputs);
  }
}

/** What a part reads: changed values before those of the model as it is. */
export function feedsOf({ inputs }: Part, { clean }: KeptBatch, changed?: Changed): Feeds {
  const feeds: Record<string, RunTensor> = {};
  for (const name of inputs) {
    const tensor = changed?.get(name) ?? clean.get(name);
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
