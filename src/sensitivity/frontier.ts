import { throwIfAborted } from '../base/cancel';
import type { GraphIndex } from '../onnx/graph';
import type { Session } from '../runtime/runner';
import { type Part, partFor, partModel } from './part';
import { constantsOf } from './reach';
import { sizesIn } from './sizes';
import type { SweepBench } from './stage';
import { feedsOf, type KeptBatch, tensorBytes } from './values';

/** Values that changes take from the model as it is, and the graph that they are of. */
export interface Frontier {
  readonly index: GraphIndex;
  readonly names: readonly string[];
}

/**
 * Computes, batch by batch, what the first of several tasks take from the model as it is: of as many as fit into the memory, of one at least.
 * Returns how many. `stage` is the segment whose entering values are known.
 */
export async function keepFrontiers(
  bench: SweepBench,
  stage: number,
  tasks: readonly (readonly Frontier[])[],
): Promise<number> {
  const { batches } = bench.values;
  const upTo = (count: number) => joined(tasks.slice(0, count).flat());
  const keepers = await loadKeepers(bench, stage, upTo(tasks.length));
  let count = tasks.length;
  try {
    for (const [at, kept] of batches.entries()) {
      for (const { index, part, session } of keepers) {
        throwIfAborted(bench.signal);
        const wanted = new Set(upTo(count).find((each) => each.index === index)?.names);
        const fetched = part.outputs.filter((name) => wanted.has(name));
        if (fetched.length === 0) continue;
        const { outputs } = await session.run(feedsOf(part, kept), fetched);
        for (const [name, tensor] of Object.entries(outputs)) kept.clean.set(name, tensor);
      }
      if (at === 0) count = fitting(bench, kept, tasks.length, upTo);
    }
  } finally {
    for (const { session } of keepers) await session.release();
  }
  return count;
}

function fitting(
  { values, memory }: SweepBench,
  { clean }: KeptBatch,
  most: number,
  upTo: (count: number) => readonly Frontier[],
): number {
  const bytes = (count: number) =>
    upTo(count).reduce((sum, { names }) => sum + tensorBytes(clean, names), 0);
  let count = most;
  while (count > 1 && bytes(count) * values.batches.length > memory / 2)
    count = Math.ceil(count / 2);
  return count;
}

interface Keeper {
  readonly index: GraphIndex;
  readonly part: Part;
  readonly session: Session;
}

/** Sessions that make those of the values that are not known yet, from what enters the stage. */
async function loadKeepers(
  { segments, chain, values }: SweepBench,
  stage: number,
  frontiers: readonly Frontier[],
): Promise<readonly Keeper[]> {
  const enters = segments.all[stage]?.enters ?? new Set();
  const keepers: Keeper[] = [];
  for (const { index, names } of frontiers) {
    const fixed = constantsOf(index);
    const missing = names.filter((name) => {
      const made = index.main.producers.get(name);
      return made && !fixed.has(made) && values.batches.some(({ clean }) => !clean.has(name));
    });
    if (missing.length === 0) continue;
    const part = partFor(index, missing, (name) => enters.has(name));
    const session = await chain.loaded(
      partModel(index, part, sizesIn(part.inputs, values.batches)),
    );
    keepers.push({ index, part, session });
  }
  return keepers;
}

function joined(frontiers: readonly Frontier[]): readonly Frontier[] {
  const names = new Map<GraphIndex, Set<string>>();
  for (const frontier of frontiers) {
    const all = names.get(frontier.index) ?? new Set();
    for (const name of frontier.names) all.add(name);
    names.set(frontier.index, all);
  }
  return [...names].map(([index, all]) => ({ index, names: [...all] }));
}
