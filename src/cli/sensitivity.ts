import { resolve } from 'node:path';
import { UserError } from '../base/errors';
import {
  type Sensitivity,
  type SensitivityRequest,
  type Tier,
  tiers,
} from '../protocol/sensitivity';
import { dataRequest, tellData } from './dataOptions';
import { cacheFolder } from './cacheFolder';
import { askEngine } from './engine';
import { sizesOf } from './options';
import type { SensitivityOptions } from './sensitivityOptions';
import { checkPrinting, printSensitivity } from './sensitivityText';

/** Followed through the model where no probe is named: what most people want to know. */
const usualPropagation = 'int4';

/** `featherweight sensitivity`: sweeps in the engine's process and prints layers by probes. Throws `UserError`s. */
export async function sensitivityCommand(
  model: string,
  options: SensitivityOptions,
  signal: AbortSignal,
): Promise<void> {
  checkPrinting(options);
  const { json, csv, excludeAbove } = options;
  const isData = json ?? csv ?? excludeAbove !== undefined;
  const request = requestOf(model, options);
  const found: Sensitivity = await askEngine((api, call) => api.sensitivity(request, call), {
    ...{ isData, signal },
  });
  tellData(found.facts, options);
  printSensitivity(found, options);
  // Tables say it themselves.
  if (isData) for (const note of found.notes) process.stderr.write(`featherweight: ${note}\n`);
}

/** The tier that is asked for. Throws `badInput` for two of them, and for options that are another one's. */
function tierOf(options: SensitivityOptions): Tier {
  const { tier, limit, propagation } = options;
  const named = tiers.filter((each) => each === tier || options[each]);
  const [first = 'exact', second] = named;
  if (second) throw new UserError('badInput', `--${first} and --${second} exclude each other.`);
  if (limit !== undefined && first !== 'adaptive') {
    throw new UserError(
      'badInput',
      '--limit is for --adaptive: an exact sweep measures every layer as well as it can.',
    );
  }
  if (propagation !== undefined && first === 'hints') {
    throw new UserError('badInput', '--propagation runs the model, and --hints does not.');
  }
  return first;
}

function requestOf(model: string, options: SensitivityOptions): SensitivityRequest {
  const { probe = [], samples, threads, cache, propagation } = options;
  const { metric, limit, shard, only } = options;
  return {
    ...{ file: resolve(model), probes: [...probe], threads },
    tier: tierOf(options),
    ...sizesOf(options),
    ...{ ...dataRequest(options), samples },
    ...(metric === undefined ? {} : { metric }),
    ...(limit === undefined ? {} : { limit }),
    ...(shard ? { shard } : {}),
    ...(only ? { layers: [...only] } : {}),
    ...(propagation === undefined
      ? {}
      : { propagation: propagation === true ? usualPropagation : propagation }),
    ...(cache ? { cache: cacheFolder('sensitivity') } : {}),
  };
}
