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
  readonly inputNames: readonly string[];
  readonly outputMetadata: Metadata;
  run(feeds: PlainTensors, fetches: readonly string[]): Promise<PlainTensors>;
  release(): Promise<void>;
}

/** What a lane can be asked, by name: what it is given, and what it answers. */
interface Calls {
  create: [
    { readonly session: number; readonly model: string | Uint8Array; readonly options: Options },
    Pick<LaneSession, 'inputNames' | 'outputMetadata'>,
  ];
  run: [
    { readonly session: number; readonly feeds: PlainTensors; readonly fetches: readonly string[] },
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
 * A thread that runs models: the runtime blocks the thread that calls it, so that several sessions run at once in lanes of their own only. Tensors
 * are copied on their way. What the runtime throws comes back with its message. Closing releases all that lives in it.
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
    const facts = await this.ask('create', { session, model, options });
    return {
      ...facts,
      run: (feeds, fetches) => this.ask('run', { session, feeds, fetches }),
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

  private ask<N extends Name>(name: N, given: Calls[N][0]): Promise<Calls[N][1]> {
    if (this.end) return Promise.reject(this.end);
    const number = this.calls++;
    const promise = new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
    });
    if (this.waiting.size === 1) this.worker.ref();
    const question: Question = { number, name, given };
    this.worker.postMessage(question);
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
    async run({ session, feeds, fetches }) {
      const given: Record<string, ort.Tensor> = {};
      for (const [name, { type, data, dims }] of Object.entries(feeds)) {
        given[name] = new make(type, data, dims);
      }
      const results: Record<string, PlainTensor> = {};
      for (const [name, value] of Object.entries(await at(session).run(given, fetches))) {
        const tensor = value as ort.Tensor;
        results[name] = { type: tensor.type, data: await tensor.getData(), dims: tensor.dims };
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
  parentPort?.on('message', ({ number, name, given }: Question) => {
    const call = calls[name] as (given: unknown) => Promise<unknown>;
    call(given).then(
      (result) => parentPort.postMessage({ number, result } satisfies Answer),
      (error: unknown) => {
        const failure = error instanceof Error ? error.message : String(error);
        parentPort.postMessage({ number, failure } satisfies Answer);
      },
    );
  });
}
