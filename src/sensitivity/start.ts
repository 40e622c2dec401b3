import type { Chain } from './chain';
import { sideBySide } from './lanes';
import { type KeptBatch, tensorBytes, type Values } from './values';

/** A lane's sessions, and what it knows of some data. */
export interface Start {
  readonly chain: Chain;
  readonly values: Values;
}

/**
 * Runs the model as it is, segment by segment: each lane some of the batches, and every one knows all values then. `memory` is how many
 * bytes of them are kept; what is more is computed again.
 */
export async function startChains(
  starts: readonly Start[],
  memory: number,
  failure: AbortController,
): Promise<void> {
  const count = starts[0]?.chain.segments.all.length ?? 0;
  let bytes = 0;
  for (let at = 0; at < count; at++) {
    const running = starts.map(({ chain, values }, lane) =>
      chain.cover(at, values, shareOf(values, lane, starts)),
    );
    await sideBySide(running, failure);
    for (const start of starts) share(start, starts, at);
    bytes += bytesOf(starts[0], at);
    if (bytes > memory) for (const { values } of starts) values.forget(at + 1, at + 1);
  }
  if (bytes > memory) for (const { values } of starts) values.forget(0, 0);
}

function shareOf({ batches }: Values, lane: number, { length }: readonly Start[]): KeptBatch[] {
  return batches.filter((_, number) => number % length === lane);
}

/** Hands a lane what the others have made of the batches that it has not run itself, and notes the outputs that are looked at. */
function share({ chain, values }: Start, starts: readonly Start[], at: number): void {
  const { all, wanted } = chain.segments;
  const names = all[at]?.part.outputs ?? [];
  for (const [number, { clean, reference }] of values.batches.entries()) {
    const made = starts[number % starts.length]?.values.batches[number]?.clean;
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

function bytesOf(start: Start | undefined, at: number): number {
  if (!start) return 0;
  const names = start.chain.segments.all[at]?.part.outputs ?? [];
  return start.values.batches.reduce((sum, { clean }) => sum + tensorBytes(clean, names), 0);
}
