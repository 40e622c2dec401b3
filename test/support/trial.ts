import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { applySteps, type Applied } from '../../src/build/apply';
import { openCalibration } from '../../src/engine/calibration';
import { Models, type SizedModel } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import type { Sizes } from '../../src/protocol/engineApi';
import type { Step } from '../../src/protocol/recipe';
import { ortRunner } from '../../src/runtime/ort';
import type { SessionOptions } from '../../src/runtime/runner';
import { OutputComparison, type OutputDifference } from '../../src/verify/outputs';

const session: SessionOptions = { threads: 2, provider: 'cpu', optimize: 'all' };

/** A model that was made lighter, in a folder of its own until `remove` is called. */
export interface Trial {
  readonly source: SizedModel;
  readonly applied: Applied;
  /** Of the new model. */
  readonly file: string;
  readonly bytes: number;
  /** New bytes by old ones. */
  readonly share: number;
  /** Outputs against the original's on all samples of `data`, in batches cut to their longest. */
  difference(data: string): Promise<OutputDifference>;
  remove(): void;
}

/** Makes `steps` on the model at `file`, with the samples of `calibration` if that is given, and writes the result. */
export async function trial(
  file: string,
  steps: readonly Step[],
  { calibration, samples = 256, ...sizes }: Sizes & { calibration?: string; samples?: number } = {},
): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-trial-'));
  const source = new Models().sized(file, sizes);
  const runner = ortRunner();
  const { open } = source.external;
  const data =
    calibration === undefined
      ? {}
      : {
          calibration: openCalibration(source, {
            ...{ runner, data: calibration, samples, folder, threads: 2 },
          }),
        };
  const applied = await applySteps(source.index, steps, { open, ...data });
  const output = join(folder, basename(file));
  const files = saveModel(applied.index.model, output, { open });
  const bytes = files.reduce((sum, each) => sum + statSync(each).size, 0);
  return {
    ...{ source, applied, file: output, bytes },
    share: bytes / source.bytes,
    async difference(evaluation) {
      const { batches } = openCalibration(source, {
        ...{ runner, data: evaluation, samples: Infinity, folder, threads: 2 },
      });
      const reference = await runner.load(file, session);
      const candidate = await runner.load(output, session);
      const [name = ''] = reference.outputs;
      const comparison = new OutputComparison();
      for (const batch of batches()) {
        const { feeds } = batch;
        const a = (await reference.run(feeds, [name])).outputs[name]!;
        const b = (await candidate.run(feeds, [name])).outputs[name]!;
        comparison.add(a, b, batch);
      }
      await reference.release();
      await candidate.release();
      return comparison.result();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
