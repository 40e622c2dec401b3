import type { CalibrationBatch } from '../runtime/calibration';
import { type Chain, type KeptBatch, tensorBytes } from './chain';
import { sideBySide } from './lanes';

/** Batches of which nothing is known yet: for one chain. */
export function keptBatches(batches: readonly CalibrationBatch[]): readonly KeptBatch[] {
  return batches.map((batch) => ({
    batch,
    clean: new Map(Object.entries(batch.feeds)),
    reference: {},
  }));
}

/**
 * Runs the model as it is, segment by segment: each chain some of the batches, and every one knows all values then. `memory` is how many
 * bytes of them are kept; what is more is computed again.
 */
export async function startChains(
  chains: readonly Chain[],
  memory: number,
  failure: AbortController,
): Promise<void> {
  const count = chains[0]?.segments.all.length ?? 0;
  let bytes = 0;
  for (let at = 0; at < count; at++) {
    const running = chains.map((chain, lane) => chain.cover(at, shareOf(chain, lane, chains)));
    await sideBySide(running, failure);
    for (const chain of chains) {
      share(chain, chains, at);
      await chain.releaseBefore(at + 1);
    }
    bytes += bytesOf(chains[0], at);
    if (bytes > memory) for (const chain of chains) chain.forget(at + 1, at + 1);
  }
  if (bytes > memory) for (const chain of chains) chain.forget(0, 0);
}

function shareOf({ batches }: Chain, lane: number, { length }: readonly Chain[]): KeptBatch[] {
  return batches.filter((_, number) => number % length === lane);
}

/** Hands a chain what the others have made of the batches that it has not run itself, and notes the outputs that are looked at. */
function share(chain: Chain, chains: readonly Chain[], at: number): void {
  const { all, wanted } = chain.segments;
  const names = all[at]?.part.outputs ?? [];
  for (const [number, { clean, reference }] of chain.batches.entries()) {
    const made = chains[number % chains.length]?.batches[number]?.clean;
    for (const name of names) {
      const tensor = made?.get(name);
      if (tensor) clean.set(name, tensor);
    }
    for (const name of wanted) {
      const tensor = clean.get(name);
      if (tensor) reference[name] = tensor;
    }
  }
}

function bytesOf(chain: Chain | undefined, at: number): number {
  const names = chain?.segments.all[at]?.part.outputs ?? [];
  return (chain?.batches ?? []).reduce((sum, { clean }) => sum + tensorBytes(clean, names), 0);
}
