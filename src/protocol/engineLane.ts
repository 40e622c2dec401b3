import type { Disposable } from '../base/dispose';
import { cancelled } from '../base/errors';
import type { EngineApi } from './engineApi';
import { type ChildOptions, EngineChild } from './engineChild';
import type { CallOptions } from './rpc';

export interface LaneOptions extends ChildOptions {
  /** The process ends after this long without a call, in milliseconds. */
  readonly idleMs: number;
}

export interface LaneCall {
  readonly method: keyof EngineApi;
  readonly request: unknown;
  /** For messages, e.g. "running model.onnx". */
  readonly what: string;
}

/** How long a cancelled call may take to stop by itself before its process is ended: together less than 200 ms, which people take for at once. */
const graceMs = 150;

/** One process that answers one call at a time, so that ending it for one caller never harms another. */
export class EngineLane implements Disposable {
  private child: Promise<EngineChild> | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | undefined;
  private disposed = false;

  constructor(private readonly options: LaneOptions) {}

  /** Answers in the order of the calls. An abort is answered as `cancelled`: at once while the call waits for its turn, else within `graceMs`. */
  async call(call: LaneCall, options: CallOptions = {}): Promise<unknown> {
    const before = this.turn;
    let pass = () => {};
    this.turn = before.then(() => new Promise<void>((resolve) => (pass = resolve)));
    try {
      await orAborted(before, options.signal, 0);
      return await this.run(call, options);
    } finally {
      void before.then(() => pass());
    }
  }

  /** Ends the process; the call under way fails as cancelled, and the next one starts another. */
  stop(): void {
    clearTimeout(this.idle);
    const child = this.child;
    this.child = undefined;
    child?.then((started) => started.kill()).catch(() => {});
  }

  dispose(): void {
    this.disposed = true;
    this.stop();
  }

  private async run({ method, request, what }: LaneCall, options: CallOptions): Promise<unknown> {
    if (this.disposed) throw cancelled();
    clearTimeout(this.idle);
    const answer = this.current().then((child) => child.call(method, request, what, options));
    try {
      return await orAborted(answer, options.signal, graceMs, () => this.stop());
    } finally {
      this.idle = setTimeout(() => this.stop(), this.options.idleMs).unref();
    }
  }

  private current(): Promise<EngineChild> {
    return (this.child ??= this.start());
  }

  private start(): Promise<EngineChild> {
    const child = EngineChild.start(this.options);
    const forget = () => {
      if (this.child === child) this.child = undefined;
    };
    child.then((started) => started.exited.then(forget)).catch(forget);
    return child;
  }
}

/** `work`, or the cancelled error `ms` after the abort; then `late` is called. */
async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  ms: number,
  late?: () => void,
): Promise<T> {
  if (!signal) return work;
  let timer: NodeJS.Timeout | undefined;
  let abort = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    abort = () => {
      timer = setTimeout(() => {
        late?.();
        reject(cancelled());
      }, ms);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
