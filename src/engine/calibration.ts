import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { DataFacts } from '../base/dataKinds';
import type { Calibration, CalibrationBatch, CalibrationLanes } from '../runtime/calibration';
import { factsOf, madeUpFacts } from '../runtime/datasets/facts';
import { batchesOfLittlePadding } from '../runtime/datasets/littlePadding';
import { placesIn } from '../runtime/datasets/sampling';
import type { Runner } from '../runtime/runner';
import { withChance } from './chance';
import { madeUp, openData } from './inputs';
import { loadModel } from './loadModel';
import { modelBytes } from './modelBytes';
import type { SizedModel } from './models';

export interface CalibrationOptions {
  readonly runner: Runner;
  /** At most so many samples. */
  readonly samples: number;
  /** Models on trial are written there; the caller removes it. */
  readonly folder: string;
  readonly threads: number;
}

export interface DataOptions extends CalibrationOptions {
  readonly data: string;
  /** The column of labels, where it is not one of the usual names. */
  readonly label?: string | undefined;
  /** Seed to draw the samples with; the first ones where it is left out. */
  readonly drawnWith?: number | undefined;
  /** Leaves out so many samples, those that come first or are drawn first. */
  readonly skip?: number;
}

/** Calibration data that people can be told about. */
export interface DescribedCalibration extends Calibration {
  readonly facts: DataFacts;
}

export { defaultSamples } from '../protocol/recipe';
const batchSize = 16;

/** The user's data, read for the model `sized`; models made from it are run in turn. Throws what data and models refuse. */
export function openCalibration(sized: SizedModel, options: DataOptions): DescribedCalibration {
  const { data, label, drawnWith, skip = 0 } = options;
  const { dataset, select } = openData(sized, data, { seed: 0, label });
  const places = placesIn(dataset, options.samples, { seed: drawnWith, skip });
  const facts = withChance(factsOf(dataset, places, drawnWith), sized.index);
  const of = (chosen: readonly number[]): Calibration => {
    const order = batchesOfLittlePadding(dataset, batchSize, chosen);
    const sorted = order.flat();
    const isFree = dataset.atOnce === undefined;
    return {
      ...{ name: basename(data), samples: sorted.length },
      ...{ load: loader(sized, options, options), lanes: lanesFor(sized, options) },
      *batches(): Iterable<CalibrationBatch> {
        for (const batch of order) yield select(batch);
      },
      ...(isFree ? { pick: (numbers) => of(numbers.map((each) => sorted[each] ?? 0)) } : {}),
    };
  };
  return { ...of(places), facts };
}

/** Made-up inputs in the place of data, `samples` runs of them at the model's sizes. */
export function syntheticCalibration(
  sized: SizedModel,
  options: CalibrationOptions & { readonly seed: number },
): DescribedCalibration {
  const { samples, seed } = options;
  function* batches(): Iterable<CalibrationBatch> {
    for (let run = 0; run < samples; run++) {
      yield { feeds: madeUp(sized, seed + run), labels: undefined, mask: undefined };
    }
  }
  const facts = withChance(madeUpFacts(samples, seed), sized.index);
  const load = loader(sized, options, options);
  return {
    ...{ name: 'synthetic', samples, facts, batches, load },
    lanes: lanesFor(sized, options),
  };
}

/** Each lane has sessions of nearly the whole model: together they may take so many bytes. */
const mostBytes = 2e9;
/** The one thread that hands out the work and scores what comes back serves no more. */
const mostLanes = 8;

function lanesFor(sized: SizedModel, options: CalibrationOptions): CalibrationLanes {
  const threads = options.threads || availableParallelism();
  const fitting = Math.floor(mostBytes / Math.max(1, modelBytes(sized)));
  return {
    most: Math.max(1, Math.min(threads, fitting, mostLanes)),
    open(of) {
      const lane = options.runner.lane();
      const own = { runner: lane, threads: Math.max(1, Math.floor(threads / of)) };
      return { load: loader(sized, options, own), close: () => lane.close() };
    },
  };
}

function loader(
  { file, external }: SizedModel,
  { folder }: CalibrationOptions,
  { runner, threads }: { readonly runner: Pick<Runner, 'load'>; readonly threads: number },
): Calibration['load'] {
  const place = { runner, folder, name: basename(file), open: external.open };
  // A sweep has many sessions at once: threads that spin while they wait take the processors from the one that runs.
  const usual = { threads, spinning: 'never', provider: 'cpu', optimize: 'all' } as const;
  return (model, changes = {}) => loadModel(model, place, { ...usual, ...changes });
}
