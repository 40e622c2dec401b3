import { throwIfAborted } from '../base/cancel';
import type { Progress } from '../base/progress';
import { watching } from '../onnx/edit';
import { indexGraph } from '../onnx/graph';
import { numbersOf } from '../runtime/arrays';
import type { Feeds, Runner, RunTensor, Session } from '../runtime/runner';
import { resultOf } from '../structure/results';
import type { Structure } from '../structure/structure';
import { Differences } from '../tensor/measures';
import { loadMarked } from './loadMarked';

/** A model whose layers' results are looked at. */
export interface Watched {
  readonly file: string;
  readonly structure: Structure;
  readonly feeds: (feeds: Feeds) => Feeds;
}

export interface LayerErrorOptions {
  readonly runner: Runner;
  readonly threads: number;
  /** One sample each. */
  readonly samples: readonly Feeds[];
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
}

/**
 * How far each layer's result is from the original's, as signal to noise in decibels by the original's id; errors that came with the
 * layer's input are in it. Only layers with weights whose result has kept its name, and outside of bodies of If and Loop. Throws what
 * loading and running throw.
 */
export async function layerErrors(
  reference: Watched,
  candidate: Watched,
  { runner, threads, samples, signal, progress }: LayerErrorOptions,
): Promise<ReadonlyMap<string, number>> {
  const results = sharedResults(reference.structure, candidate.structure);
  const names = [...new Set(results.values())];
  if (names.length === 0) return new Map();
  const found = new Map(names.map((name) => [name, new Differences()]));
  const sessions: Session[] = [];
  try {
    for (const watched of [reference, candidate]) {
      sessions.push(await loadWatched(runner, watched, names, threads));
    }
    for (const [at, feeds] of samples.entries()) {
      throwIfAborted(signal);
      const [a, b] = await Promise.all([
        sessions[0]?.run(reference.feeds(feeds), names),
        sessions[1]?.run(candidate.feeds(feeds), names),
      ]);
      for (const name of names) addPair(found.get(name), a?.outputs[name], b?.outputs[name]);
      progress((at + 1) / samples.length, `layers of ${at + 1} of ${samples.length} samples`);
    }
  } finally {
    for (const session of sessions) await session.release();
  }
  return new Map(
    [...results].flatMap(([layer, name]) => {
      const errors = found.get(name);
      const known = errors && errors.count > 0 && errors.broken === 0;
      return known && Number.isFinite(errors.sqnrDb) ? [[layer, errors.sqnrDb] as const] : [];
    }),
  );
}

/** The model with its layers' results among its outputs; its weights stay where they lie. */
function loadWatched(
  runner: Runner,
  { file, structure }: Watched,
  names: readonly string[],
  threads: number,
): Promise<Session> {
  return loadMarked(runner, indexGraph(watching(structure.index, names)), file, { threads });
}

/** Layer id → the value that it hands on, where the candidate makes a value of that name too. */
function sharedResults(reference: Structure, candidate: Structure): Map<string, string> {
  const made = candidate.index.main.producers;
  const results = new Map<string, string>();
  for (const layer of reference.layers) {
    const name = resultOf(layer, reference.index);
    if (name !== undefined && made.has(name)) results.set(layer.id, name);
  }
  return results;
}

function addPair(
  errors: Differences | undefined,
  a: RunTensor | undefined,
  b: RunTensor | undefined,
): void {
  if (!a || !b || a.dtype === 'string' || a.shape.join() !== b.shape.join()) return;
  errors?.add(numbersOf(a), numbersOf(b));
}
