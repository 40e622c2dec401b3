import { resolve } from 'node:path';
import { startEngine } from '../protocol/engineProcess';
import type { Inspection, Profile } from '../protocol/types';
import { inspectModel } from './inspect';
import { sizesOf, type ProfileOptions } from './options';
import { checkOutput, writeFigures } from './output';
import { progressLine } from './progressLine';

/** `featherweight profile`: counts here, measures in the engine's process. Throws `UserError`s. */
export async function profileCommand(
  model: string,
  options: ProfileOptions,
  signal: AbortSignal,
): Promise<void> {
  checkOutput(model, options);
  const counted = inspectModel(model, sizesOf(options));
  const profile = await measure(model, options, signal);
  writeFigures(countedAsRun(model, options, counted, profile), profile, options);
}

async function measure(
  model: string,
  options: ProfileOptions,
  signal: AbortSignal,
): Promise<Profile> {
  const { threads, runs, warmup, provider, seed, data, json, csv } = options;
  const { stderr } = process;
  const progress = progressLine(stderr, !stderr.isTTY && (json ?? csv ?? false), () =>
    performance.now(),
  );
  // Whoever measures from a terminal or a job wants the processor's full attention.
  const engine = startEngine({ program: resolve(__dirname, 'engine.js'), lowPriority: false });
  try {
    const request = { file: resolve(model), threads, runs, warmup, provider, seed };
    return await engine.api.profile(
      { ...request, ...sizesOf(options), ...(data === undefined ? {} : { data: resolve(data) }) },
      { signal, progress: progress.report },
    );
  } finally {
    progress.clear();
    engine.dispose();
  }
}

/** With data the shapes are the data's: the counts that stand beside the times must be for the same. */
function countedAsRun(
  model: string,
  options: ProfileOptions,
  counted: Inspection,
  profile: Profile,
): Inspection {
  if (options.data === undefined) return counted;
  const shapes = Object.fromEntries(
    profile.measured.inputs.map((input) => [input.name, input.shape]),
  );
  return inspectModel(model, { shapes });
}
