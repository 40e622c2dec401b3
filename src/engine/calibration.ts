import { mkdtempSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Model } from '../onnx/model';
import type { Calibration, CalibrationBatch, PositionMask } from '../runtime/calibration';
import { openDataset } from '../runtime/datasets/open';
import { inputSpecs } from '../runtime/inputs';
import { purposeOf } from '../runtime/purpose';
import type { Feeds, Runner, SessionOptions } from '../runtime/runner';
import { longestSequence } from './limits';
import type { SizedModel } from './models';
import { saveModel } from './saveModel';

export interface CalibrationOptions {
  readonly runner: Runner;
  /** Absolute path of the data. */
  readonly data: string;
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
export function openCalibration(sized: SizedModel, options: CalibrationOptions): Calibration {
  const { index, shapes } = sized;
  const specs = inputSpecs(index.model);
  const purposes = new Map(specs.map((spec) => [spec.name, purposeOf(spec, index, shapes)]));
  const maskName = specs.find((spec) => purposes.get(spec.name)?.kind === 'mask')?.name;
  const dataset = openDataset(options.data, {
    specs,
    optional: new Set(),
    modelFolder: dirname(sized.file),
    longest: longestSequence(sized.structure, shapes),
  });
  const samples = Math.min(dataset.count, options.samples);
  function* batches(): Iterable<CalibrationBatch> {
    const size = Math.min(batchSize, samples);
    const count = Math.min(dataset.batches(size), Math.ceil(samples / size));
    for (let at = 0; at < count; at++) {
      const { feeds, labels } = dataset.batch(at, size);
      yield { feeds, labels, mask: maskOf(feeds, maskName) };
    }
  }
  const load = (model: Model, changes: Partial<SessionOptions> = {}) =>
    loadModel(model, sized, options, changes);
  return { name: basename(options.data), samples, batches, load };
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

async function loadModel(
  model: Model,
  { file, external }: SizedModel,
  { runner, folder, threads }: CalibrationOptions,
  changes: Partial<SessionOptions>,
) {
  const place = mkdtempSync(join(folder, 'trial-'));
  const path = join(place, basename(file));
  try {
    saveModel(model, path, { open: external.open });
    return await runner.load(path, { threads, provider: 'cpu', optimize: 'all', ...changes });
  } finally {
    // The runtime has read it whole by now.
    rmSync(place, { recursive: true, force: true });
  }
}
