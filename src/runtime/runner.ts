import type { DType } from '../tensor/dtype';

/**
 * A dense tensor on its way into or out of the runtime. `data` is the typed array of the type: float16 as its bits (Uint16Array), bool
 * as bytes, 64-bit integers as BigInt64Array; strings are an array.
 */
export interface RunTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView | readonly string[];
}

/** Input or output name → tensor. */
export type Feeds = Readonly<Record<string, RunTensor>>;

export interface SessionOptions {
  /** Threads inside one operator; 0 lets the runtime choose. */
  readonly threads: number;
  /**
   * When threads without work wait for it awake, which takes a processor each. Always, for more than a second behind a run, is the runtime's
   * own way and best for a session that is alone. Sessions that run in turn double each other's time so: for them within runs. Never is
   * slower for each, and best for many at once.
   */
  readonly spinning?: 'always' | 'withinRuns' | 'never';
  /** `cpu`, or another that `Runner.providers` lists. */
  readonly provider: string;
  readonly optimize: 'none' | 'basic' | 'extended' | 'all';
  /** Write the optimised graph there: its nodes, not its large weights. */
  readonly optimizedFile?: string;
  /** Write a trace with this file prefix, into a folder where no other trace has it. */
  readonly traceFile?: string;
  /** Keep freed memory for the next request (the default): faster, and larger. */
  readonly arena?: boolean;
  /** Folder of the external data of a model that is given as bytes. */
  readonly externalFolder?: string;
  /** What messages call a model that is given as bytes. */
  readonly name?: string;
}

export interface Session {
  readonly inputs: readonly string[];
  /** Those that are tensors; sequences and maps cannot be fetched. */
  readonly outputs: readonly string[];
  readonly loadMs: number;
  /** Blocks its thread until the inference is over. `fetches` undefined asks for all outputs; `ms` is the call's wall time. */
  run(feeds: Feeds, fetches?: readonly string[]): Promise<{ outputs: Feeds; ms: number }>;
  /**
   * Runs sessions that live where this one does, one after the other: each takes what those before it made, and else what is fed. Gives
   * those of the fetched values that are wanted; the others never leave the lane.
   */
  runInTurn(turns: readonly Turn[], feeds: Feeds, wanted: readonly string[]): Promise<Feeds>;
  /** Ends profiling and returns the trace file's path; not in a lane. */
  endTrace(): string;
  release(): Promise<void>;
}

/** One of several sessions that run one after the other, and what is fetched from it. */
export interface Turn {
  readonly session: Session;
  readonly fetches: readonly string[];
}

/** Runs models. `ort.ts` is the one implementation. */
export interface Runner {
  readonly version: string;
  readonly providers: readonly string[];
  /** `model` is a path, or the bytes of a model without external data. Throws `runtime` or `unsupported` errors. */
  load(model: string | Uint8Array, options: SessionOptions): Promise<Session>;
  /** Opens a thread of its own for sessions, which run while those of others do. Whoever opened it closes it. */
  lane(): Lane;
}

/** A place for sessions that can run while others run. A model's bytes are handed over to it, and what is fed must not be altered afterwards. */
export interface Lane extends Pick<Runner, 'load'> {
  /** Ends when the inference that is under way has, and releases what is still loaded. */
  close(): Promise<void>;
}
