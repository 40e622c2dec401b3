import type { Footprint, FootprintRequest } from '../protocol/engineApi';
import { watchMemory } from '../profile/memory';
import type { Feeds } from '../runtime/runner';
import { loadRunner } from './runtime';

/** Runs enough for the runtime's arena to have its size. */
const runs = 2;

/** Loads a model and runs it: what that takes of this process's memory says something only where nothing else has run before. */
export async function footprint({ file, threads, feeds }: FootprintRequest): Promise<Footprint> {
  const runner = await loadRunner();
  const memory = watchMemory();
  const session = await runner.load(file, { threads, provider: 'cpu', optimize: 'all' });
  try {
    for (let run = 0; run < runs; run++) await session.run(feeds as Feeds);
    return { loadMs: session.loadMs, peakMemoryBytes: memory.peak() };
  } finally {
    await session.release();
  }
}
