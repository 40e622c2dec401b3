import { existsSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { UserError } from '../base/errors';
import { partOf } from '../base/progress';
import { applySteps } from '../build/apply';
import type { Built, BuildRequest } from '../protocol/build';
import type { CallContext } from '../protocol/rpc';
import type { Calibration } from '../runtime/calibration';
import { defaultSamples, openCalibration } from './calibration';
import { modelBytes } from './modelBytes';
import type { SizedModel } from './models';
import { loadRunner } from './runtime';
import { saveModel } from './saveModel';
import { withTemporaryFolder } from './temporaryFolder';

/** Share of the progress that finding out what the steps need gets; the rest is writing. */
const applyShare = 0.6;

/**
 * Makes a recipe's steps and writes the new model. Throws what the steps, the data and the disk refuse; whatever fails, files that were
 * there before stay as they were.
 */
export async function build(
  sized: SizedModel,
  request: BuildRequest,
  { signal, progress }: CallContext,
): Promise<Built> {
  const started = performance.now();
  const { output, recipe } = request;
  checkOutput(sized.file, request);
  return withTemporaryFolder(async (folder) => {
    const calibration = await calibrationOf(sized, request, folder);
    const { open } = sized.external;
    const applied = await applySteps(sized.index, recipe.steps, {
      open,
      ...(calibration ? { calibration } : {}),
      signal,
      progress: partOf(progress, 0, applyShare),
    });
    const files = saveModel(applied.index.model, output, {
      open,
      signal,
      progress: partOf(progress, applyShare, 1),
    });
    return {
      output,
      bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
      sourceBytes: modelBytes(sized),
      files: [...files],
      steps: [...applied.steps],
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      seconds: (performance.now() - started) / 1000,
    };
  });
}

async function calibrationOf(
  sized: SizedModel,
  { recipe, folder, threads }: BuildRequest,
  temporary: string,
): Promise<Calibration | undefined> {
  const { calibration, samples = defaultSamples } = recipe.data ?? {};
  if (calibration === undefined) return undefined;
  const data = isAbsolute(calibration) ? calibration : join(folder, calibration);
  return openCalibration(sized, {
    ...{ data, samples, threads, folder: temporary },
    runner: await loadRunner(),
  });
}

function checkOutput(source: string, { output, overwrite }: BuildRequest): void {
  if (!existsSync(output)) return;
  if (realpathSync(output) === realpathSync(source)) {
    throw new UserError(
      'badInput',
      'The new model cannot take the place of the one it is made from.',
      'Choose another name.',
    );
  }
  if (overwrite) return;
  throw new UserError(
    'badInput',
    `${output} is there already.`,
    'Choose another name or overwrite it.',
  );
}
