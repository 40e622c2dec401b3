import { cancelled } from './errors';

/** Throws the cancelled error once `signal` has been aborted. Long loops call it between steps. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}
