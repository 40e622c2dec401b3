import { setImmediate as letOthers } from 'node:timers/promises';
import { throwIfAborted } from '../base/cancel';
import { whyNotNumbers } from '../structure/notNumbers';
import type { Layer } from '../structure/structure';
import type { SizedModel } from './models';

/** The layers among these with weights that are NaN or infinite, and the reason against each. Throws what reading weights throws. */
export async function layersNotNumbers(
  layers: readonly Layer[],
  { external }: SizedModel,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<Layer, string>> {
  const found = new Map<Layer, string>();
  for (const layer of layers) {
    const why = whyNotNumbers(layer, external.open);
    if (why !== undefined) found.set(layer, why);
    // A request to stop can only arrive between two layers.
    await letOthers();
    throwIfAborted(signal);
  }
  return found;
}
