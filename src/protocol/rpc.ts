import {
  CancellationTokenSource,
  type CancellationToken,
  type MessageConnection,
  ProgressType,
  ResponseError,
} from 'vscode-jsonrpc';
import { cancelled, isUserError, messageOf, UserError, type ErrorCode } from '../base/errors';
import { noProgress, type Progress } from '../base/progress';

/** An interface whose methods take one plain argument and return a plain result. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the only way to say "any method" to the compiler
export type Api<T> = { [K in keyof T]: (request: any) => unknown };

/** What comes with a call besides its argument. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** A partial result, for callers that want to show it before the whole is there. */
  readonly partial: (value: unknown) => void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly partial?: (value: unknown) => void;
}

type Request<F> = F extends (request: infer P) => unknown ? P : never;
type Result<F> = F extends (request: never) => infer R ? Awaited<R> : never;

/** The far side's methods, as this side calls them. */
export type Remote<T extends Api<T>> = {
  [K in keyof T]: (request: Request<T[K]>, options?: CallOptions) => Promise<Result<T[K]>>;
};

/** This side's methods, as the far side reaches them. */
export type Handlers<T extends Api<T>> = {
  [K in keyof T]: (
    request: Request<T[K]>,
    context: CallContext,
  ) => Result<T[K]> | Promise<Result<T[K]>>;
};

type Report = { fraction: number; note: string } | { partial: unknown };

interface Call {
  argument: unknown;
  token: number;
}

const reports = new ProgressType<Report>();
const userErrorCode = -32000;
let nextToken = 0;

/** Answers calls of `handlers` that arrive on the connection. Failures travel to the caller as `UserError`s or with their message. */
export function serve<T extends Api<T>>(
  connection: MessageConnection,
  handlers: Handlers<T>,
): void {
  for (const name of Object.keys(handlers) as (keyof T & string)[]) {
    connection.onRequest(
      name,
      async ({ argument, token }: Call, cancellation: CancellationToken) => {
        const abort = new AbortController();
        const watch = cancellation.onCancellationRequested(() => abort.abort());
        const report = (value: Report) => void connection.sendProgress(reports, token, value);
        try {
          return await handlers[name](argument as Request<T[typeof name]>, {
            signal: abort.signal,
            progress: seldom((fraction, note) => report({ fraction, note })),
            partial: (partial) => report({ partial }),
          });
        } catch (error) {
          const data = isUserError(error) ? { code: error.code, hint: error.hint } : undefined;
          return new ResponseError(userErrorCode, messageOf(error), data);
        } finally {
          watch.dispose();
        }
      },
    );
  }
}

/** A small model runs thousands of times a second: telling every run would keep the far side from doing anything else. */
const progressMs = 50;

/** Passes progress on at most every `progressMs`; whoever waits for the end is told by the answer. */
function seldom(progress: Progress): Progress {
  let last = -Infinity;
  return (fraction, note) => {
    const now = performance.now();
    if (now - last < progressMs) return;
    last = now;
    progress(fraction, note);
  };
}

/** A typed proxy of the methods that the far side serves. */
export function remote<T extends Api<T>>(connection: MessageConnection): Remote<T> {
  return new Proxy({} as Remote<T>, {
    get: (_, name) =>
      typeof name === 'string' && name !== 'then'
        ? (argument: unknown, options?: CallOptions) => call(connection, name, argument, options)
        : undefined,
  });
}

async function call(
  connection: MessageConnection,
  name: string,
  argument: unknown,
  options: CallOptions = {},
) {
  const { signal, progress = noProgress, partial } = options;
  if (signal?.aborted) throw cancelled();
  const token = nextToken++;
  const source = new CancellationTokenSource();
  const abort = () => source.cancel();
  signal?.addEventListener('abort', abort);
  const listener = connection.onProgress(reports, token, (value) =>
    'partial' in value ? partial?.(value.partial) : progress(value.fraction, value.note),
  );
  try {
    return await connection.sendRequest(name, { argument, token } satisfies Call, source.token);
  } catch (error) {
    if (error instanceof ResponseError && error.code === userErrorCode && error.data) {
      const { code, hint } = error.data as { code: ErrorCode; hint?: string };
      throw new UserError(code, error.message, hint);
    }
    throw error;
  } finally {
    listener.dispose();
    signal?.removeEventListener('abort', abort);
    source.dispose();
  }
}
