import { throwIfAborted } from '../base/cancel';
import type { Model } from '../onnx/model';
import type { CalibrationBatch } from '../runtime/calibration';
import type { Feeds, RunTensor, Session } from '../runtime/runner';
import type { Load } from './lanes';
import { type Part, partFor, partModel } from './part';
import { downstreamOf, readersOf } from './reach';
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

/** All that has to run behind a segment's changes, in one session. */
interface Tail {
  readonly part: Part;
  readonly session: Session;
  /** The segment that it begins with. */
  readonly next: number;
}

/** The batches that a lane runs on, and its sessions: of segments, for the model as it is, and of all that lies behind changes. */
export class Chain {
  private readonly sessions = new Map<number, Session>();
  private readonly tails = new Map<string, Tail | undefined>();
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

  /** Sees to it that what a segment makes of the model as it is is known; what enters it is. */
  async cover(at: number, batches = this.batches): Promise<void> {
    const { part } = this.segments.all[at] ?? {};
    const missing = batches.filter(({ clean }) => !part?.outputs.every((name) => clean.has(name)));
    if (!part || missing.length === 0) return;
    const session = this.sessions.get(at) ?? (await this.loadPart(part));
    this.sessions.set(at, session);
    for (const kept of missing) {
      throwIfAborted(this.lane.signal);
      const { outputs } = await session.run(feedsOf(part, kept), part.outputs);
      for (const [name, tensor] of Object.entries(outputs)) kept.clean.set(name, tensor);
    }
  }

  /**
   * Goes on behind a change: runs what it has an influence on from segment `next` on. Gives the wanted outputs that it made otherwise, those
   * among `changed` included.
   */
  async finish(kept: KeptBatch, next: number, changed: Changed): Promise<Feeds> {
    const tail = await this.tailFor(next, changed);
    throwIfAborted(this.lane.signal);
    const made = await tail?.session.run(feedsOf(tail.part, kept, changed), tail.part.outputs);
    const values = [...changed, ...Object.entries(made?.outputs ?? {})];
    return Object.fromEntries(values.filter(([name]) => this.segments.wanted.includes(name)));
  }

  /** Undefined where nothing that is wanted hangs on what changed. */
  private async tailFor(next: number, changed: Changed): Promise<Tail | undefined> {
    const key = JSON.stringify([next, ...changed.keys()]);
    if (this.tails.has(key)) return this.tails.get(key);
    const { index, all, wanted } = this.segments;
    const readers = [...changed.keys()].flatMap((name) => readersOf(index.main, name));
    const touched = downstreamOf(index, readers);
    const outputs = wanted.filter((name) => {
      const made = index.main.producers.get(name);
      return made !== undefined && touched.has(made) && !changed.has(name);
    });
    const enters = all[next]?.enters ?? new Set();
    const part = partFor(index, outputs, (name) => enters.has(name));
    const isEmpty = part.outputs.length === 0;
    const tail = isEmpty ? undefined : { part, next, session: await this.loadPart(part) };
    this.tails.set(key, tail);
    return tail;
  }

  private loadPart(part: Part): Promise<Session> {
    return this.loaded(partModel(this.segments.index, part, this.batches));
  }

  /** Goes on to segment `stage`: drops what nobody needs who changes something there or behind. */
  async enter(stage: number): Promise<void> {
    for (; this.first < stage; this.first++) {
      await this.cover(this.first);
      this.forget(this.first + 1, this.segments.all.length);
    }
    await this.releaseBefore(stage);
  }

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

  /** Releases what nobody needs who changes something in segment `stage` or behind it. */
  async releaseBefore(stage: number): Promise<void> {
    for (const [at, session] of this.sessions) {
      if (at >= stage) continue;
      this.sessions.delete(at);
      await session.release();
    }
    for (const [key, tail] of this.tails) {
      if (tail && tail.next > stage) continue;
      this.tails.delete(key);
      await tail?.session.release();
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
