import { freemem } from 'node:os';
import { UserError } from '../base/errors';
import { formatBytes } from '../base/format';
import type { SizedModel } from './models';

/** Below this, in bytes, nobody runs out of memory for a model's sake, and the system's figure is not worth trusting. */
const harmless = 256e6;

/**
 * Throws `runtime` where the model's weights and activations alone, without anything that the runtime needs besides, are more than the
 * system has free: it would end the process, or begin to swap.
 */
export function checkMemory({ cost, file }: SizedModel, free = freeMemory()): void {
  const { weightBytes, peakActivationBytes = 0 } = cost.total;
  const needed = weightBytes + peakActivationBytes;
  if (needed < harmless || needed <= free) return;
  throw new UserError(
    'runtime',
    `${file.split(/[/\\]/).at(-1)} needs at least ${formatBytes(needed)} of memory at these sizes (${formatBytes(weightBytes)} of weights, ${formatBytes(peakActivationBytes)} of activations); ${formatBytes(free)} are free.`,
    'Choose smaller sizes, close other programs, or run it on a machine with more memory.',
  );
}

/** What this process may still take, in bytes; containers often may take less than the machine has. */
function freeMemory(): number {
  const { availableMemory } = process as { availableMemory?: () => number };
  return availableMemory?.() || freemem();
}
