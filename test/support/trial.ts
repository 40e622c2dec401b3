import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { applySteps, type Applied } from '../../src/build/apply';
import { openCalibration } from '../../src/engine/calibration';
import { Models, type SizedModel } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import type { Sizes } from '../../src/protocol/engineApi';
import type { Step } from '../../src/protocol/recipe';
import type { CalibrationBatch } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import type { RunTensor } from '../../src/runtime/runner';
import { OutputComparison, type OutputDifference } from '../../src/verify/outputs';
import { session } from './loading';

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
            ...{ runner, data: calibration, samples, folder, threads: 1 },
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
        ...{ runner, data: evaluation, samples: Infinity, folder, threads: 1 },
      });
      const all = [...batches()];
      const wanted = await knownAnswers([file, sizes, evaluation], () => answersTo(file, all));
      const found = await answersTo(output, all);
      const comparison = new OutputComparison();
      all.forEach((batch, at) => comparison.add(wanted[at]!, found[at]!, batch));
      return comparison.result();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What models as they came answer to data: several trials of a file are held against the same. */
const answers = new Map<string, Promise<readonly RunTensor[]>>();

function knownAnswers(
  what: readonly unknown[],
  ask: () => Promise<readonly RunTensor[]>,
): Promise<readonly RunTensor[]> {
  const key = JSON.stringify(what);
  const known = answers.get(key) ?? ask();
  answers.set(key, known);
  return known;
}

/** The first output for each batch. */
async function answersTo(file: string, batches: readonly CalibrationBatch[]): Promise<RunTensor[]> {
  const loaded = await ortRunner().load(file, session);
  const [name = ''] = loaded.outputs;
  const found: RunTensor[] = [];
  for (const { feeds } of batches) found.push((await loaded.run(feeds, [name])).outputs[name]!);
  await loaded.release();
  return found;
}
