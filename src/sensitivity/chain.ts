import { throwIfAborted } from '../base/cancel';
import type { Model } from '../onnx/model';
import type { Feeds, Session } from '../runtime/runner';
import type { Load } from './lanes';
import { type Part, partModel } from './part';
import type { Segments } from './segments';
import { Sizes } from './sizes';
import { feedsOf, type KeptBatch, type Values } from './values';

/** Where a chain's sessions live. */
export interface ChainLane {
  readonly load: Load;
  readonly signal: AbortSignal;
}

/** A part of a model, loaded. */
interface Stop {
  readonly part: Part;
  readonly session: Session;
}

/** The parts behind a change, and the wanted outputs that they and the change make. */
class Route {
  constructor(
    private readonly behind: readonly Stop[],
    private readonly outputs: readonly string[],
  ) {}

  /** Runs the changed part, fed with `more` besides what is known, and all that is behind it. */
  async run(changed: Stop, kept: KeptBatch, more: Feeds): Promise<Feeds> {
    const stops = [changed, ...this.behind];
    const turns = stops.map(({ session, part }) => ({ session, fetches: part.outputs }));
    const known = Object.assign({}, ...stops.map(({ part }) => feedsOf(part, kept))) as Feeds;
    return changed.session.runInTurn(turns, { ...known, ...more }, this.outputs);
  }
}

/** A lane's sessions of the segments: they run the model as it is, and go on behind changes. */
export class Chain {
  private readonly sessions = new Map<number, Session>();
  private readonly sizes = new Sizes();

  constructor(
    readonly segments: Segments,
    private readonly lane: ChainLane,
  ) {}

  /** Loads a model beside the segments; the caller releases it. */
  async loaded(model: Model): Promise<Session> {
    throwIfAborted(this.lane.signal);
    return this.lane.load(model);
  }

  /** Sees to it that what a segment makes of the model as it is is known of these batches; what enters it is known of all. */
  async cover(at: number, values: Values, batches = values.batches): Promise<void> {
    const { part } = this.segments.all[at] ?? {};
    if (!part) return;
    // A session is loaded for sizes that all batches have in common, those of other lanes too: other data may have others.
    const made = part.inputs.filter((name) => this.segments.index.main.producers.has(name));
    if (this.sizes.note(made, values.batches)) await this.releaseOne(at);
    const missing = batches.filter(({ clean }) => !part.outputs.every((name) => clean.has(name)));
    if (missing.length === 0) return;
    const session = await this.sessionAt(at);
    for (const kept of missing) {
      throwIfAborted(this.lane.signal);
      const { outputs } = await session.run(feedsOf(part, kept), part.outputs);
      for (const [name, tensor] of Object.entries(outputs)) kept.clean.set(name, tensor);
    }
  }

  /**
   * The way on behind a change that makes `changed` otherwise than it was: the segments from `next` on that it has an influence on. What
   * the others make becomes known.
   */
  async routeBehind(values: Values, next: number, changed: readonly string[]): Promise<Route> {
    const { all, wanted } = this.segments;
    const made = new Set(changed);
    const behind: Stop[] = [];
    for (const [at, { part }] of all.entries()) {
      if (at < next || part.outputs.length === 0) continue;
      if (part.inputs.some((name) => made.has(name))) {
        behind.push({ part, session: await this.sessionAt(at) });
        for (const name of part.outputs) made.add(name);
      } else {
        await this.cover(at, values);
      }
    }
    const outputs = wanted.filter((name) => made.has(name));
    return new Route(behind, outputs);
  }

  private async sessionAt(at: number): Promise<Session> {
    const known = this.sessions.get(at);
    if (known) return known;
    const { index, all } = this.segments;
    const { part } = all[at] ?? {};
    if (!part) throw new Error(`There is no segment ${at}.`);
    const session = await this.loaded(partModel(index, part, this.sizes));
    this.sessions.set(at, session);
    return session;
  }

  /** Goes on to segment `stage`: drops values that nobody needs who changes something there or behind. */
  async enter(stage: number, values: Values): Promise<void> {
    for (; values.first < stage; values.first++) {
      await this.cover(values.first, values);
      values.forget(values.first + 1, this.segments.all.length);
    }
  }

  /** Releases the segments in front of `stage`. */
  async releaseBefore(stage: number): Promise<void> {
    for (const at of [...this.sessions.keys()]) if (at < stage) await this.releaseOne(at);
  }

  private async releaseOne(at: number): Promise<void> {
    const session = this.sessions.get(at);
    this.sessions.delete(at);
    await session?.release();
  }

  async release(): Promise<void> {
    await this.releaseBefore(Infinity);
  }
}
