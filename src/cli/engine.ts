import { resolve } from 'node:path';
import type { EngineApi } from '../protocol/engineApi';
import { startEngine } from '../protocol/engineProcess';
import type { CallOptions, Remote } from '../protocol/rpc';
import { progressLine } from './progressLine';

/**
 * Lets an engine in a process of its own answer one call, and ends it; progress goes to standard error, to a screen only where `isData` says
 * that standard output is for programs. Throws what the call throws.
 */
export async function askEngine<T>(
  call: (api: Remote<EngineApi>, options: CallOptions) => Promise<T>,
  { isData, signal }: { readonly isData: boolean; readonly signal: AbortSignal },
): Promise<T> {
  const { stderr } = process;
  const progress = progressLine(stderr, !stderr.isTTY && isData, () => performance.now());
  // Whoever measures from a terminal or a job wants the processor's full attention.
  const engine = startEngine({ program: resolve(__dirname, 'engine.js'), lowPriority: false });
  try {
    return await call(engine.api, { signal, progress: progress.report });
  } finally {
    progress.clear();
    engine.dispose();
  }
}
