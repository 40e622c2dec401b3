import { throwIfAborted } from '../base/cancel';
import type { Progress } from '../base/progress';
import type { Batch } from '../runtime/datasets/dataset';
import { elementCount } from '../onnx/model';
import type { Session } from '../runtime/runner';
import { adaptFeeds, checkShapes, type OutputPair, pairOutputs, type Side } from './alignment';
import { OutputComparison, type OutputDifference, type OutputOptions } from './outputs';

/** Two loaded models. */
export interface Contenders {
  readonly reference: Session;
  readonly candidate: Session;
  readonly sides: readonly [reference: Side, candidate: Side];
}

export interface AgreementOptions {
  /** How each of the original's outputs is read. */
  readonly readings: ReadonlyMap<string, OutputOptions>;
  readonly samples: number;
  readonly batches: (size: number) => Iterable<Batch>;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  /** Told what is known after each batch. */
  readonly partial: (found: ReadonlyMap<string, OutputDifference>) => void;
}

/** Samples run at once. */
const mostAtOnce = 32;
/** Elements of outputs that are held at once, of each model. */
const mostElements = 32e6;

/**
 * Runs both models on every batch and gathers how their outputs differ, by the original's name of the output. Text is not compared.
 * Throws `badInput` where inputs or outputs do not fit, and what the runtime refuses.
 */
export async function compareOutputs(
  contenders: Contenders,
  options: AgreementOptions,
): Promise<ReadonlyMap<string, OutputDifference>> {
  const pairs = pairOutputs(...contenders.sides);
  const adapt = adaptFeeds(...contenders.sides);
  const found = new Map<string, OutputComparison>();
  const results = () => new Map([...found].map(([name, each]) => [name, each.result()]));
  let seen = 0;
  for (const batch of options.batches(await batchSize(contenders, pairs, options))) {
    throwIfAborted(options.signal);
    seen += await addBatch(contenders, { pairs, adapt, batch }, options, found);
    options.progress(Math.min(1, seen / options.samples), `${seen} of ${options.samples} samples`);
    options.partial(results());
  }
  return results();
}

interface Work {
  readonly pairs: readonly OutputPair[];
  readonly adapt: ReturnType<typeof adaptFeeds>;
  readonly batch: Batch;
}

/** Returns how many samples the batch held. */
async function addBatch(
  { reference, candidate, sides }: Contenders,
  { pairs, adapt, batch }: Work,
  { readings }: AgreementOptions,
  found: Map<string, OutputComparison>,
): Promise<number> {
  const { feeds, labels } = batch;
  const a = (
    await reference.run(
      feeds,
      pairs.map((pair) => pair.reference),
    )
  ).outputs;
  const b = (
    await candidate.run(
      adapt(feeds),
      pairs.map((pair) => pair.candidate),
    )
  ).outputs;
  for (const pair of pairs) {
    const [one, other] = [a[pair.reference], b[pair.candidate]];
    if (!one || !other || one.dtype === 'string' || other.dtype === 'string') continue;
    checkShapes(pair.reference, one, other, sides);
    const comparison =
      found.get(pair.reference) ?? new OutputComparison(readings.get(pair.reference));
    found.set(pair.reference, comparison);
    comparison.add(one, other, batch);
  }
  return labels?.length ?? Object.values(feeds)[0]?.shape[0] ?? 1;
}

/** As many samples as their outputs leave memory for, found out on the first. */
async function batchSize(
  { reference }: Contenders,
  pairs: readonly OutputPair[],
  { batches }: AgreementOptions,
): Promise<number> {
  const [first] = batches(1);
  if (!first) return mostAtOnce;
  const names = pairs.map((pair) => pair.reference);
  const { outputs } = await reference.run(first.feeds, names);
  const elements = Object.values(outputs).reduce((sum, { shape }) => sum + elementCount(shape), 1);
  return Math.max(1, Math.min(mostAtOnce, Math.floor(mostElements / elements)));
}
