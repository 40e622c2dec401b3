import { basename, dirname } from 'node:path';
import type { DimensionSizes } from '../onnx/shapes/shapes';
import { openDataset } from '../runtime/datasets/open';
import { syntheticFeeds } from '../runtime/feeds';
import { inputSpecs, type InputSpec } from '../runtime/inputs';
import { purposeOf } from '../runtime/purpose';
import type { Feeds } from '../runtime/runner';
import { longestSequence } from './limits';
import type { SizedModel } from './models';

/** What a model is fed, run by run. */
export interface RunInputs {
  /** `synthetic`, or the file's name. */
  readonly data: string;
  /** Of the made-up inputs; null where there are none. */
  readonly seed: number | null;
  readonly feeds: (run: number) => Feeds;
}

/** Made-up inputs, the same for every run; or the data's batches in turn. Throws `badInput` or `missingFile`. */
export function runInputs(sized: SizedModel, data: string | undefined, seed: number): RunInputs {
  const { index, shapes, resolved } = sized;
  if (data === undefined) {
    const feeds = syntheticFeeds(index, shapes, resolved, seed);
    return { data: 'synthetic', seed, feeds: () => feeds };
  }
  const specs = inputSpecs(index.model);
  const states = specs.filter((spec) => purposeOf(spec, index, shapes).kind === 'state');
  const dataset = openDataset(data, {
    specs,
    optional: new Set(states.map((spec) => spec.name)),
    modelFolder: dirname(sized.file),
    longest: longestSequence(sized.structure, shapes),
  });
  const size = batchSize(sized);
  const count = dataset.batches(size);
  const feeds = (run: number) => {
    const given = dataset.batch(run % count, size).feeds;
    const sizes = new Map([...resolved.sizes, ...sizesOf(specs, given)]);
    return { ...given, ...syntheticFeeds(index, shapes, { sizes }, seed, given) };
  };
  const first = dataset.batch(0, size).feeds;
  const isComplete = specs.every((spec) => first[spec.name]);
  return { data: basename(data), seed: isComplete ? null : seed, feeds };
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
