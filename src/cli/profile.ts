import { resolve } from 'node:path';
import type { Inspection, Profile } from '../protocol/types';
import { dataRequest, tellData } from './dataOptions';
import { askEngine } from './engine';
import { inspectModel } from './inspect';
import { sizesOf, type ProfileOptions } from './options';
import { checkOutput, writeFigures } from './output';

/** `featherweight profile`: counts here, measures in the engine's process. Throws `UserError`s. */
export async function profileCommand(
  model: string,
  options: ProfileOptions,
  signal: AbortSignal,
): Promise<void> {
  checkOutput(model, options);
  const counted = inspectModel(model, sizesOf(options));
  const profile = await measure(model, options, signal);
  tellData(profile.measured.facts, options);
  writeFigures(countedAsRun(model, options, counted, profile), profile, options);
}

async function measure(
  model: string,
  options: ProfileOptions,
  signal: AbortSignal,
): Promise<Profile> {
  const { threads, runs, warmup, provider, json, csv } = options;
  const request = {
    ...{ file: resolve(model), threads, runs, warmup, provider, ...sizesOf(options) },
    ...dataRequest(options),
  };
  return askEngine((api, call) => api.profile(request, call), {
    ...{ isData: json ?? csv ?? false, signal },
  });
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
