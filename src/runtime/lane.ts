import { once } from 'node:events';
import type * as threads from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type * as ort from 'onnxruntime-node';

type Options = ort.InferenceSession.SessionOptions;
type Metadata = ort.InferenceSession['outputMetadata'];

/** A dense tensor as it crosses threads. */
export interface PlainTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}
type PlainTensors = Readonly<Record<string, PlainTensor>>;

/** A session that lives in a lane. */
export interface LaneSession {
  /** Among those of its lane. */
  readonly number: number;
  readonly inputNames: readonly string[];
  readonly outputMetadata: Metadata;
  /** Runs sessions of this lane one after the other: each takes what those before it made, and else what is fed. */
  run(
    turns: readonly LaneTurn[],
    feeds: PlainTensors,
    wanted: readonly string[],
  ): Promise<PlainTensors>;
  release(): Promise<void>;
}

/** A session of several that run one after the other, and what is fetched from it. */
export interface LaneTurn {
  /** Its number. */
  readonly session: number;
  readonly fetches: readonly string[];
}

/** What a lane can be asked, by name: what it is given, and what it answers. */
interface Calls {
  create: [
    { readonly session: number; readonly model: string | Uint8Array; readonly options: Options },
    Pick<LaneSession, 'inputNames' | 'outputMetadata'>,
  ];
  run: [
    {
      readonly turns: readonly LaneTurn[];
      readonly feeds: PlainTensors;
      readonly wanted: readonly string[];
    },
    PlainTensors,
  ];
  release: [{ readonly session: number }, undefined];
  close: [undefined, undefined];
}
type Name = keyof Calls;

interface Question {
  readonly number: number;
  readonly name: Name;
  readonly given: Calls[Name][0];
}
type Answer = { readonly number: number } & (
  { readonly result: unknown } | { readonly failure: string }
);

/**
 * A thread that runs models: the runtime blocks the thread that calls it, so that several sessions run at once in lanes of their own only. Numbers
 * cross in memory that threads share: what is fed must not be altered afterwards, and a model's bytes are gone once they are handed over. What
 * the runtime throws comes back with its message. Closing releases all that lives in it.
 */
export class LaneThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, PromiseWithResolvers>();
  private calls = 0;
  private sessions = 0;
  private end: Error | undefined;

  /** `runtime` is the path of the runtime's package. */
  constructor(runtime: string) {
    const program = `(${serve.toString()})(require('node:worker_threads'), require)`;
    this.worker = new Worker(program, { eval: true, workerData: runtime });
    // Only a call under way keeps the process.
    this.worker.unref();
    this.worker.on('message', (answer: Answer) => this.answered(answer));
    this.worker.on('error', (error) => this.ended(error));
    this.worker.on('exit', () => this.ended(new Error('The thread of the runtime has ended.')));
  }

  /** Loads a model; throws what the runtime throws. */
  async create(model: string | Uint8Array, options: Options): Promise<LaneSession> {
    const session = this.sessions++;
    const facts = await this.ask('create', { session, model, options }, handedOver(model));
    return {
      ...{ ...facts, number: session },
      run: (turns, feeds, wanted) =>
        this.ask('run', { turns, feeds: sharedTensors(feeds), wanted }),
      release: () => this.ask('release', { session }),
    };
  }

  /** Ends the thread when all calls are answered: one that is ended inside the runtime would take the process with it. */
  async close(): Promise<void> {
    if (this.end) return;
    const exit = once(this.worker, 'exit');
    await this.ask('close', undefined);
    this.worker.ref();
    await exit;
  }

  private ask<N extends Name>(
    name: N,
    given: Calls[N][0],
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<Calls[N][1]> {
    if (this.end) return Promise.reject(this.end);
    const number = this.calls++;
    const promise = new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
    });
    if (this.waiting.size === 1) this.worker.ref();
    const question: Question = { number, name, given };
    this.worker.postMessage(question, handedOver);
    return promise as Promise<Calls[N][1]>;
  }

  private answered(answer: Answer): void {
    const { number } = answer;
    const waiting = this.waiting.get(number);
    this.waiting.delete(number);
    if (this.waiting.size === 0) this.worker.unref();
    if ('failure' in answer) waiting?.reject(new Error(answer.failure));
    else waiting?.resolve(answer.result);
  }

  private ended(why: Error): void {
    this.end ??= why;
    for (const { reject } of this.waiting.values()) reject(this.end);
    this.waiting.clear();
  }
}

/** What a thread can take over instead of a copy. */
function handedOver(model: string | Uint8Array): readonly ArrayBuffer[] {
  if (typeof model === 'string') return [];
  const { buffer, byteLength } = model;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

/** Arrays that were fed, and their copies in shared memory: inputs and weights are fed again and again. */
const copies = new WeakMap<object, object>();

function sharedTensors(tensors: PlainTensors): PlainTensors {
  const shared = Object.entries(tensors).map(
    ([name, tensor]) => [name, { ...tensor, data: inSharedMemory(tensor.data) }] as const,
  );
  return Object.fromEntries(shared);
}

function inSharedMemory(data: unknown): unknown {
  if (!ArrayBuffer.isView(data) || data.buffer instanceof SharedArrayBuffer) return data;
  const known = copies.get(data);
  if (known) return known;
  const { buffer, byteOffset, byteLength } = data;
  const memory = new SharedArrayBuffer(byteLength);
  new Uint8Array(memory).set(new Uint8Array(buffer, byteOffset, byteLength));
  const copy = new (data.constructor as new (memory: SharedArrayBuffer) => object)(memory);
  copies.set(data, copy);
  return copy;
}

interface PromiseWithResolvers {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a lane's thread does. It is handed over as text, because a bundle has no second file to start a thread from: nothing outside may be named. */
function serve({ parentPort, workerData }: typeof threads, load: (path: string) => unknown): void {
  // Half floats are carried as their bits, and newer Node's own arrays of them cannot be read by the runtime.
  (globalThis as { Float16Array?: unknown }).Float16Array = undefined;
  const { InferenceSession, Tensor } = load(workerData as string) as typeof ort;
  const make = Tensor as new (type: string, data: unknown, dims: readonly number[]) => ort.Tensor;
  const sessions = new Map<number, ort.InferenceSession>();
  type View = new (memory: ArrayBufferLike, from?: number, length?: number) => ArrayBufferView;
  // The runtime reads no shared memory: what is fed is copied to where the last run had its own.
  const memories = new Map<string, ArrayBuffer>();
  const own = (name: string, data: unknown): unknown => {
    if (!ArrayBuffer.isView(data)) return data;
    const { buffer, byteOffset, byteLength } = data;
    let memory = memories.get(name);
    if (!memory || memory.byteLength < byteLength) {
      memories.set(name, (memory = new ArrayBuffer(byteLength)));
    }
    new Uint8Array(memory).set(new Uint8Array(buffer, byteOffset, byteLength));
    const { BYTES_PER_ELEMENT: width } = data as Uint8Array;
    return new (data.constructor as View)(memory, 0, byteLength / width);
  };
  const shared = (data: unknown): unknown => {
    if (!ArrayBuffer.isView(data)) return data;
    const memory = new SharedArrayBuffer(data.byteLength);
    new Uint8Array(memory).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return new (data.constructor as View)(memory);
  };
  const at = (number: number): ort.InferenceSession => {
    const session = sessions.get(number);
    if (!session) throw new Error('The session was released.');
    return session;
  };
  const calls: { [N in Name]: (given: Calls[N][0]) => Promise<Calls[N][1]> } = {
    async create({ session: number, model, options }) {
      const session = await InferenceSession.create(model as string, options);
      sessions.set(number, session);
      const { inputNames, outputMetadata } = session;
      return { inputNames: [...inputNames], outputMetadata: [...outputMetadata] };
    },
    async run({ turns, feeds, wanted }) {
      const values: Record<string, ort.OnnxValue> = {};
      for (const [name, { type, data, dims }] of Object.entries(feeds)) {
        values[name] = new make(type, own(name, data), dims);
      }
      for (const { session: number, fetches } of turns) {
        const session = at(number);
        const given: Record<string, ort.OnnxValue> = {};
        for (const name of session.inputNames) {
          const value = values[name];
          if (value) given[name] = value;
        }
        Object.assign(values, await session.run(given, fetches));
      }
      const results: Record<string, PlainTensor> = {};
      for (const name of wanted) {
        const tensor = values[name] as ort.Tensor;
        const data = shared(await tensor.getData());
        results[name] = { type: tensor.type, data, dims: tensor.dims };
      }
      return results;
    },
    async release({ session }) {
      const released = at(session);
      sessions.delete(session);
      await released.release();
      return undefined;
    },
    async close() {
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      // The thread ends when nothing is left to wait for.
      setImmediate(() => parentPort?.close());
      return undefined;
    },
  };
  // One after the other: the runtime begins a run later than it is called, and what it runs must not be released before.
  let before: Promise<void> = Promise.resolve();
  parentPort?.on('message', ({ number, name, given }: Question) => {
    const call = calls[name] as (given: unknown) => Promise<unknown>;
    before = before
      .then(() => call(given))
      .then(
        (result) => parentPort.postMessage({ number, result } satisfies Answer),
        (error: unknown) => {
          const failure = error instanceof Error ? error.message : String(error);
          parentPort.postMessage({ number, failure } satisfies Answer);
        },
      );
  });
}
