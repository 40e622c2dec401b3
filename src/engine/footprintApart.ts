import { EngineChild } from '../protocol/engineChild';
import type { Footprint, FootprintRequest } from '../protocol/engineApi';

/**
 * `footprint` in a process of its own: memory that one model has given back is no longer missed when the next asks for it, so two models
 * measured in one process would not be told apart. `program` is this engine's. Fails as `crash` where the process dies.
 */
export async function footprintApart(
  program: string,
  request: FootprintRequest,
  signal: AbortSignal,
): Promise<Footprint> {
  const child = await EngineChild.start({ program, lowPriority: false });
  const stop = () => child.kill();
  signal.addEventListener('abort', stop);
  try {
    return (await child.call('footprint', request, 'loading a model', { signal })) as Footprint;
  } finally {
    signal.removeEventListener('abort', stop);
    child.kill();
    await child.exited;
  }
}
