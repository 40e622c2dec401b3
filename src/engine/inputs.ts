import { basename, dirname } from 'node:path';
import type { DataFacts } from '../base/dataKinds';
import type { DimensionSizes } from '../onnx/shapes/shapes';
import type { DataRequest } from '../protocol/engineApi';
import { type Batch, batchesByLength, type Dataset } from '../runtime/datasets/dataset';
import { factsOf, madeUpFacts } from '../runtime/datasets/facts';
import { openDataset } from '../runtime/datasets/open';
import { placesIn } from '../runtime/datasets/sampling';
import { syntheticFeeds } from '../runtime/feeds';
import { inputSpecs, type InputSpec } from '../runtime/inputs';
import { purposesOf } from '../runtime/purpose';
import type { Feeds } from '../runtime/runner';
import { withChance } from './chance';
import { longestSequence } from './limits';
import type { SizedModel } from './models';

/** What a model is fed, run by run. */
export interface RunInputs {
  /** `synthetic`, or the file's name. */
  readonly data: string;
  /** Of the made-up inputs; null where there are none. */
  readonly seed: number | null;
  readonly feeds: (run: number) => Feeds;
  /** For people; lengths and classes are those of the first samples. */
  readonly facts: DataFacts;
}

/** Which samples of data are used: see `DataRequest`. */
export type Choice = Pick<DataRequest, 'label' | 'samples' | 'shuffle'>;

/** The seed that samples are drawn with; undefined where the first ones are taken. */
export const drawingSeed = ({ shuffle, seed }: DataRequest): number | undefined =>
  shuffle ? seed : undefined;

/**
 * Made-up inputs, the same for every run; or the data's batches in turn, of which there are `runs` where that many are known to be made.
 * Throws `badInput` or `missingFile`.
 */
export function runInputs(
  sized: SizedModel,
  data: string | undefined,
  seed: number,
  { label, runs = Infinity, ...which }: Choice & { readonly runs?: number } = {},
): RunInputs {
  if (data === undefined) {
    const feeds = madeUp(sized, seed);
    return { data: 'synthetic', seed, feeds: () => feeds, facts: madeUpFacts(1, seed) };
  }
  const { dataset, complete, specs } = openData(sized, data, { seed, label });
  const drawnWith = drawingSeed({ ...which, seed });
  const places = placesIn(dataset, which.samples ?? dataset.count, { seed: drawnWith });
  const size = Math.min(places.length, dataset.atOnce ?? batchSize(sized));
  // Full batches only: a smaller one would take less time.
  const count = Math.min(runs, Math.floor(places.length / size));
  const batch = (run: number) => {
    const from = (run % count) * size;
    return dataset.select(places.slice(from, from + size)).feeds;
  };
  const feeds = (run: number) => complete(batch(run));
  const first = batch(0);
  const isComplete = specs.every((spec) => first[spec.name]);
  const used = places.slice(0, count * size);
  const facts = factsOf(dataset, used.slice(0, mostDescribed), drawnWith);
  return {
    ...{ data: basename(data), seed: isComplete ? null : seed, feeds },
    facts: { ...facts, used: used.length },
  };
}

/** Samples whose lengths and labels are told where figures stand on no more than a few of them. */
const mostDescribed = 1000;

/** Everything to judge a model on. */
export interface Evaluation {
  /** `synthetic`, or the file's name. */
  readonly data: string;
  readonly samples: number;
  /** Samples of the data that do not fill a batch of the size that the model insists on. */
  readonly leftOut: number;
  /** One sample of usual length, to measure time on. */
  readonly typical: () => Feeds;
  /** Batches of up to so many samples, the short ones first. */
  readonly batches: (size: number) => Iterable<Batch>;
  /** So many runs of one sample each, short and long ones. */
  readonly few: (count: number) => readonly Feeds[];
  readonly facts: DataFacts;
}

/** Runs with made-up inputs where there is no data: each is a sample of its own. */
const madeUpRuns = 8;

/** All samples of the data or those chosen, or some made-up inputs of different seeds. Throws `badInput` or `missingFile`. */
export function evaluationInputs(
  sized: SizedModel,
  data: string | undefined,
  seed: number,
  { label, ...which }: Choice = {},
): Evaluation {
  if (data === undefined) return madeUpEvaluation(sized, seed);
  const { dataset, select } = openData(sized, data, { seed, label });
  const wanted = Math.min(which.samples ?? dataset.count, dataset.count);
  const drawnWith = drawingSeed({ ...which, seed });
  const places = placesIn(dataset, wanted, { seed: drawnWith });
  const used = batchesByLength(dataset, 1, places).flat();
  const at = (share: number) => {
    const from = Math.floor(share * (used.length - (dataset.atOnce ?? 1)));
    return select(used.slice(from, from + (dataset.atOnce ?? 1))).feeds;
  };
  return {
    data: basename(data),
    samples: used.length,
    leftOut: Math.max(0, wanted - used.length),
    typical: () => at(0.5),
    few: (count) => evenly(Math.min(count, used.length)).map(at),
    facts: withChance(factsOf(dataset, used, drawnWith), sized.index),
    *batches(size) {
      for (const samples of batchesByLength(dataset, size, places)) yield select(samples);
    },
  };
}

/** Numbers from 0 to 1 at equal distances. */
const evenly = (count: number) =>
  Array.from({ length: count }, (_, place) => (count === 1 ? 0.5 : place / (count - 1)));

function madeUpEvaluation(sized: SizedModel, seed: number): Evaluation {
  const batch = batchSize(sized);
  return {
    data: 'synthetic',
    samples: madeUpRuns * batch,
    leftOut: 0,
    facts: withChance(madeUpFacts(madeUpRuns, seed), sized.index),
    typical: () => madeUp(sized, seed),
    few: (count) =>
      Array.from({ length: Math.min(count, madeUpRuns) }, (_, run) => madeUp(sized, seed + run)),
    *batches() {
      for (let run = 0; run < madeUpRuns; run++) {
        yield { feeds: madeUp(sized, seed + run), labels: undefined, mask: undefined };
      }
    },
  };
}

/** Made-up inputs at the model's sizes. */
export function madeUp({ index, shapes, resolved }: SizedModel, seed: number): Feeds {
  return syntheticFeeds(index, shapes, resolved, seed);
}

/** Operators that look at missing values: they replace them, or have a branch for them. */
const nanOperators = /^(IsNaN|Imputer|TreeEnsemble.*)$/;

interface OpenData {
  readonly dataset: Dataset;
  readonly specs: readonly InputSpec[];
  /** Adds the inputs that the data leaves out, made up. */
  readonly complete: (given: Feeds) => Feeds;
  /** A batch of the samples at these places, complete. */
  readonly select: (places: readonly number[]) => Batch;
}

/** Data for a model's inputs, and made-up values for what it leaves out. Throws `missingFile` or `badInput`. */
export function openData(
  sized: SizedModel,
  data: string,
  { seed, label }: { readonly seed: number; readonly label?: string | undefined },
): OpenData {
  const { index, shapes, resolved } = sized;
  const specs = inputSpecs(index.model);
  const dataset = openDataset(data, {
    ...{ specs, label, purposes: purposesOf(index, shapes) },
    modelFolder: dirname(sized.file),
    longest: longestSequence(sized.structure, shapes),
    takesNan: index.entries.some(({ node }) => nanOperators.test(node.op)),
  });
  const complete = (given: Feeds) => {
    const sizes = new Map([...resolved.sizes, ...sizesOf(specs, given)]);
    return { ...given, ...syntheticFeeds(index, shapes, { sizes }, seed, given) };
  };
  const select = (places: readonly number[]) => {
    const batch = dataset.select(places);
    return { ...batch, feeds: complete(batch.feeds) };
  };
  return { dataset, specs, complete, select };
}

function batchSize({ resolved }: SizedModel): number {
  return resolved.named['batch'] ?? 1;
}

/** Sizes of symbols as the data has them. */
function sizesOf(specs: readonly InputSpec[], feeds: Feeds): DimensionSizes {
  const sizes = new Map<string, number>();
  for (const { name, shape } of specs) {
    for (const [axis, symbol] of (shape ?? []).entries()) {
      const size = feeds[name]?.shape[axis];
      if (typeof symbol === 'string' && size !== undefined) sizes.set(symbol, size);
    }
  }
  return sizes;
}
