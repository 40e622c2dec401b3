import { mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Calibration, CalibrationBatch, PositionMask } from '../runtime/calibration';
import { batchesByLength } from '../runtime/datasets/dataset';
import { inputSpecs, type InputSpec } from '../runtime/inputs';
import { purposeOf } from '../runtime/purpose';
import type { Feeds, Runner } from '../runtime/runner';
import { madeUp, openData } from './inputs';
import type { SizedModel } from './models';
import { saveModel } from './saveModel';

export interface CalibrationOptions {
  readonly runner: Runner;
  /** At most so many samples. */
  readonly samples: number;
  /** Models on trial are written there; the caller removes it. */
  readonly folder: string;
  readonly threads: number;
}

/** Enough for ranges and Hessians of layers of usual width, and few enough to take seconds. */
export const defaultSamples = 256;
const batchSize = 16;

/** The user's data, read for the model `sized`; models made from it are run in turn. Throws what data and models refuse. */
export function openCalibration(
  sized: SizedModel,
  options: CalibrationOptions & { readonly data: string },
): Calibration {
  const { dataset, complete } = openData(sized, options.data, 0);
  const samples = Math.min(dataset.count, options.samples);
  const maskName = maskNameOf(sized);
  function* batches(): Iterable<CalibrationBatch> {
    for (const places of batchesByLength({ ...dataset, count: samples }, batchSize)) {
      const { feeds, labels } = dataset.select(places);
      yield { feeds: complete(feeds), labels, mask: maskOf(feeds, maskName) };
    }
  }
  return { name: basename(options.data), samples, batches, load: loader(sized, options) };
}

/** Made-up inputs in the place of data, `samples` runs of them at the model's sizes. */
export function syntheticCalibration(
  sized: SizedModel,
  options: CalibrationOptions & { readonly seed: number },
): Calibration {
  const { samples, seed } = options;
  const maskName = maskNameOf(sized);
  function* batches(): Iterable<CalibrationBatch> {
    for (let run = 0; run < samples; run++) {
      const feeds = madeUp(sized, seed + run);
      yield { feeds, labels: undefined, mask: maskOf(feeds, maskName) };
    }
  }
  return { name: 'synthetic', samples, batches, load: loader(sized, options) };
}

function maskNameOf({ index, shapes }: SizedModel): string | undefined {
  const isMask = (spec: InputSpec) => purposeOf(spec, index, shapes).kind === 'mask';
  return inputSpecs(index.model).find(isMask)?.name;
}

function maskOf(feeds: Feeds, name: string | undefined): PositionMask | undefined {
  const mask = name === undefined ? undefined : feeds[name];
  const [batch, sequence] = mask?.shape ?? [];
  if (!mask || mask.shape.length !== 2 || batch === undefined || sequence === undefined) {
    return undefined;
  }
  const values = mask.data as unknown as ArrayLike<number | bigint>;
  return { batch, sequence, real: Uint8Array.from(values, (value) => Number(Number(value) !== 0)) };
}

function loader({ file, external }: SizedModel, options: CalibrationOptions): Calibration['load'] {
  const { runner, folder, threads } = options;
  return async (model, changes = {}) => {
    const place = mkdtempSync(join(folder, 'trial-'));
    const path = join(place, basename(file));
    try {
      await saveModel(model, path, { open: external.open });
      return await runner.load(path, { threads, provider: 'cpu', optimize: 'all', ...changes });
    } finally {
      // The runtime has read it whole by now.
      rmSync(place, { recursive: true, force: true });
    }
  };
}
