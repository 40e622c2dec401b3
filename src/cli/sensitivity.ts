import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../base/errors';
import type { Sensitivity } from '../protocol/sensitivity';
import { sensitivityCsv, sensitivityJson } from '../report/sensitivityExports';
import { terminalSensitivity } from '../report/sensitivityTerminal';
import { askEngine } from './engine';
import { sizesOf } from './options';
import { terminalOptions } from './output';
import type { SensitivityOptions } from './sensitivityOptions';

/** `featherweight sensitivity`: sweeps in the engine's process and prints layers by probes. Throws `UserError`s. */
export async function sensitivityCommand(
  model: string,
  options: SensitivityOptions,
  signal: AbortSignal,
): Promise<void> {
  const { json, csv, layers } = options;
  if (json && csv) {
    throw new UserError('badInput', '--json and --csv both write to standard output: choose one.');
  }
  const found = await measure(model, options, signal);
  process.stdout.write(
    json
      ? sensitivityJson(found)
      : csv
        ? sensitivityCsv(found)
        : terminalSensitivity(found, terminalOptions(layers)),
  );
}

async function measure(
  model: string,
  options: SensitivityOptions,
  signal: AbortSignal,
): Promise<Sensitivity> {
  const { probe = [], metric, samples, shard, threads, seed, data, cache, json, csv } = options;
  const request = {
    ...{ file: resolve(model), probes: [...probe], samples, threads, seed },
    ...sizesOf(options),
    ...(metric === undefined ? {} : { metric }),
    ...(shard ? { shard } : {}),
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(cache ? { cache: cacheFolder() } : {}),
  };
  return askEngine((api, call) => api.sensitivity(request, call), {
    ...{ isData: json ?? csv ?? false, signal },
  });
}

/** Where the system wants such things: https://specifications.freedesktop.org/basedir-spec. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const base = XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache');
  return join(base, 'featherweight', 'sensitivity');
}
