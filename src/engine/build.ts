import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { version } from '../../package.json';
import { throwIfAborted } from '../base/cancel';
import { UserError } from '../base/errors';
import { partOf } from '../base/progress';
import { type Applied, applySteps } from '../build/apply';
import type { Model } from '../onnx/model';
import { tensorsOf } from '../onnx/tensors';
import type { Built, BuildRequest, BuiltStep } from '../protocol/build';
import type { Step } from '../protocol/recipe';
import type { CallContext } from '../protocol/rpc';
import { approve } from './approve';
import { defaultSamples, type DescribedCalibration, openCalibration } from './calibration';
import { hashOf } from './fileHash';
import { modelBytes } from './modelBytes';
import { modelFacts } from './modelFacts';
import type { SizedModel } from './models';
import { loadRunner } from './runtime';
import { saveModelSlowly } from './saveModel';
import { withTemporaryFolder } from './temporaryFolder';

/** Shares of the progress with data and without: running the model takes longest, then computing weights while they are written. */
const applyShare = { data: 0.6, noData: 0.1 };
const tryShare = 0.05;

/**
 * Makes a recipe's steps and writes the new model, which gets its name only when the runtime has loaded it. Throws what the recipe, the
 * data and the disk refuse; whatever fails, files that were there before stay as they were.
 */
export async function build(
  sized: SizedModel,
  request: BuildRequest,
  { signal, progress }: CallContext,
): Promise<Built> {
  const started = performance.now();
  const { output, recipe } = request;
  checkRequest(sized, request);
  return withTemporaryFolder(async (folder) => {
    const calibration = await calibrationOf(sized, request, folder);
    const { open } = sized.external;
    const share = calibration ? applyShare.data : applyShare.noData;
    const applied = await applySteps(sized.index, recipe.steps, {
      ...{ open, signal, progress: partOf(progress, 0, share) },
      ...(calibration ? { calibration } : {}),
    });
    checkChanged(applied);
    const { model } = applied.index;
    // What running the model finds out may differ by a hair the next time.
    const key = calibration ? undefined : keyOf(sized, recipe.steps);
    const writing = partOf(progress, share, 1 - tryShare);
    let trial: Awaited<ReturnType<typeof approve>> | undefined;
    const files = await saveModelSlowly(model, output, {
      ...{ open, signal, weights: weightsPlace(sized.model) },
      ...(key === undefined ? {} : { resume: key }),
      progress: (fraction, note) => writing(fraction, `writing · ${note}`),
      approve: async (written, bytes) => {
        progress(1 - tryShare, `loading ${basename(output)}`);
        throwIfAborted(signal);
        trial = await approve(sized, { model, file: written, bytes });
        throwIfAborted(signal);
      },
    });
    return {
      output,
      bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
      sourceBytes: modelBytes(sized),
      files: [...files],
      steps: [...applied.steps],
      ...(calibration ? { facts: calibration.facts } : {}),
      tried: trial?.tried ?? 'not',
      notes: [...applied.notes, ...(trial?.notes ?? [])],
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      seconds: (performance.now() - started) / 1000,
    };
  });
}

/** Whoever keeps weights outside the model's file wants them there in the new one. */
function weightsPlace(model: Model): 'keep' | 'outside' {
  return tensorsOf(model).some(({ data }) => data.kind === 'external') ? 'outside' : 'keep';
}

/** Stands for all that the new model's data is made from; undefined where that cannot be told. */
function keyOf(sized: SizedModel, steps: readonly Step[]): string | undefined {
  const folder = dirname(sized.file);
  const outside = modelFacts(sized).externalData.map(({ location }) => {
    const found = statSync(join(folder, location), { throwIfNoEntry: false });
    return found && [location, found.size, found.mtimeMs];
  });
  if (outside.includes(undefined)) return undefined;
  const all = [version, process.version, process.arch, hashOf(sized.file), outside, steps];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
}

async function calibrationOf(
  sized: SizedModel,
  { recipe, folder, threads }: BuildRequest,
  temporary: string,
): Promise<DescribedCalibration | undefined> {
  const { calibration, label, samples = defaultSamples, seed } = recipe.data ?? {};
  if (calibration === undefined) return undefined;
  const data = isAbsolute(calibration) ? calibration : join(folder, calibration);
  return openCalibration(sized, {
    ...{ data, label, samples, drawnWith: seed, threads, folder: temporary },
    runner: await loadRunner(),
  });
}

function checkRequest({ file }: SizedModel, request: BuildRequest): void {
  checkOutput(file, request);
  const { recipe, otherModel = false } = request;
  if (recipe.steps.length === 0) throw new UserError('badInput', 'The recipe has no steps.');
  const { sha256 } = recipe.model;
  if (otherModel || sha256 === undefined || sha256 === hashOf(file)) return;
  throw new UserError(
    'badInput',
    `The recipe was made for another file than ${basename(file)} is now: its content (SHA-256) differs.`,
    'Look whether its layers still mean the same, and ask for it to be built all the same.',
  );
}

function checkOutput(source: string, { output, overwrite }: BuildRequest): void {
  const found = statSync(output, { throwIfNoEntry: false });
  if (!found || !existsSync(output)) return;
  if (found.isDirectory()) throw new UserError('badInput', `${output} is a folder.`);
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

/** A file that is called lighter and is not would be the worst outcome. */
function checkChanged({ steps }: Applied): void {
  if (steps.some((step) => step.edits > 0)) return;
  throw new UserError('badInput', `No step changes anything in this model. ${reasonOf(steps)}`);
}

/** The reason that most of the skipped layers share. */
function reasonOf(steps: readonly BuiltStep[]): string {
  const counts = new Map<string, number>();
  for (const { why } of steps.flatMap((step) => step.skipped)) {
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most ? most[0] : 'They mean none of its layers.';
}
