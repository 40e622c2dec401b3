import { createHash } from 'node:crypto';
import type { SensitivityRequest } from '../../protocol/sensitivity';
import type { Calibration, CalibrationBatch } from '../../runtime/calibration';
import type { RunTensor } from '../../runtime/runner';
import { type DescribedCalibration, openCalibration, syntheticCalibration } from '../calibration';
import { drawingSeed } from '../inputs';
import type { SizedModel } from '../models';
import { loadRunner } from '../runtime';

/** Made-up inputs are all alike: more of them tell nothing more. */
const madeUpSamples = 8;
/** Batches are made once where all of them are no larger, in bytes. */
const keptBytes = 256e6;

/** What a request's sweep runs on: its data, or made-up inputs. Models are written to `folder`. Throws what data and models refuse. */
export async function sensitivityData(
  sized: SizedModel,
  request: SensitivityRequest,
  folder: string,
): Promise<DescribedCalibration> {
  const { data, label, samples, seed, threads } = request;
  const common = { runner: await loadRunner(), folder, threads };
  return remembered(
    data === undefined
      ? syntheticCalibration(sized, { ...common, seed, samples: madeUpSamples })
      : openCalibration(sized, {
          ...{ ...common, data, label, samples, drawnWith: drawingSeed(request) },
        }),
  );
}

/** The same data, made once if it is small: reading, tokenizing and decoding take their time at every pass. */
function remembered(data: DescribedCalibration): DescribedCalibration {
  let kept: CalibrationBatch[] | undefined = [];
  let complete = false;
  function* batches(): Iterable<CalibrationBatch> {
    if (complete && kept) return yield* kept;
    const made: CalibrationBatch[] = [];
    let bytes = 0;
    for (const batch of data.batches()) {
      bytes += bytesOf(batch);
      if (bytes > keptBytes) kept = undefined;
      if (kept) made.push(batch);
      yield batch;
    }
    if (kept) [kept, complete] = [made, true];
  }
  return { ...data, batches };
}

const bytesOf = ({ feeds }: CalibrationBatch) =>
  Object.values(feeds).reduce((sum, { data }) => sum + bytesIn(data).byteLength, 0);

/**
 * What tells one set of samples from another: everything that the model is fed, so that tokenizers, made-up sizes, seeds and the number of
 * samples count without being named. SHA-256.
 */
export function contentOf(data: Calibration): string {
  const hash = createHash('sha256');
  for (const { feeds, labels, mask } of data.batches()) {
    for (const [name, { dtype, shape, data: values }] of Object.entries(feeds)) {
      hash.update(JSON.stringify([name, dtype, shape])).update(bytesIn(values));
    }
    hash.update(JSON.stringify(labels ?? null)).update(mask?.real ?? '');
  }
  return hash.digest('hex');
}

function bytesIn(values: RunTensor['data']): Uint8Array {
  if (!ArrayBuffer.isView(values)) return Buffer.from(JSON.stringify(values));
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
