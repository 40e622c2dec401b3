import { throwIfAborted } from '../base/cancel';
import type { Model } from '../onnx/model';
import type { CalibrationBatch } from '../runtime/calibration';
import type { Feeds, RunTensor, Session } from '../runtime/runner';
import type { Load } from './lanes';
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

/** Where a chain's sessions live. */
export interface ChainLane {
  readonly load: Load;
  readonly signal: AbortSignal;
}

/** The sessions of a model's segments, each for everything that is changed before it, and the batches that they run on. */
export class Chain {
  private readonly sessions = new Map<number, Session>();
  /** The segment in front of which nothing is known any more. */
  private first = 0;

  constructor(
    readonly segments: Segments,
    readonly batches: readonly KeptBatch[],
    private readonly lane: ChainLane,
  ) {}

  /** Loads a model beside the segments; the caller releases it. */
  async loaded(model: Model): Promise<Session> {
    throwIfAborted(this.lane.signal);
    return this.lane.load(model);
  }

  /** Loads a segment's session; what enters it is known. */
  async load(at: number): Promise<void> {
    const { part } = this.segments.all[at] ?? {};
    if (!part || part.outputs.length === 0) return;
    const model = partModel(this.segments.index, part, this.batches);
    this.sessions.set(at, await this.loaded(model));
  }

  /** Sees to it that what a segment makes of the model as it is is known. */
  async cover(at: number, batches = this.batches): Promise<void> {
    for (const kept of batches) {
      if (this.isKnown(at, kept)) continue;
      throwIfAborted(this.lane.signal);
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
      throwIfAborted(this.lane.signal);
      const isTouched = all[at]?.part.inputs.some((name) => values.has(name));
      if (!isTouched && this.isKnown(at, kept)) continue;
      const made = await this.run(at, kept, values);
      for (const [name, tensor] of made) (isTouched ? values : kept.clean).set(name, tensor);
    }
    return Object.fromEntries([...values].filter(([name]) => wanted.includes(name)));
  }

  /** Goes on to segment `stage`: drops what nobody needs who changes something there or behind. */
  async enter(stage: number): Promise<void> {
    for (; this.first < stage; this.first++) {
      await this.cover(this.first);
      this.forget(this.first + 1, this.segments.all.length);
    }
    await this.releaseBefore(stage);
  }

  /** Drops values but for those that are fed and those that enter the segments from `from` to `to`. */
  forget(from: number, to: number): void {
    const { all } = this.segments;
    const needed = new Set(all.slice(from, to + 1).flatMap(({ enters }) => [...enters]));
    for (const { batch, clean } of this.batches) {
      for (const name of clean.keys()) {
        if (!needed.has(name) && !(name in batch.feeds)) clean.delete(name);
      }
    }
  }

  private async releaseBefore(stage: number): Promise<void> {
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
    await this.releaseBefore(Infinity);
  }

  private isKnown(at: number, { clean }: KeptBatch): boolean {
    return this.segments.all[at]?.part.outputs.every((name) => clean.has(name)) ?? true;
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
