import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { hashOf } from '../engine/fileHash';
import type { Plan, PlanLimit } from '../protocol/plan';
import { applied, newRecipe, setMeasured, setSteps } from '../recipe/edit';
import { measuredFromPlan } from '../recipe/measured';
import { terminalPlan } from '../report/planTerminal';
import { cacheFolder } from './cacheFolder';
import { dataRequest, recipeData, tellData } from './dataOptions';
import { askEngine } from './engine';
import { inspectModel } from './inspect';
import { sizesOf } from './options';
import { terminalOptions } from './output';
import type { PlanOptions } from './planOptions';
import { pathFrom } from './recipeFile';

/** `featherweight plan`: measures and chooses in the engine's process, prints the plan, writes it as a recipe. Throws `UserError`s. */
export async function planCommand(
  model: string,
  options: PlanOptions,
  signal: AbortSignal,
): Promise<void> {
  const { out, overwrite, json, layers, front = false } = options;
  if (out !== undefined && existsSync(out) && !overwrite) {
    throw new UserError('badInput', `${out} is there already.`, 'Use --overwrite.');
  }
  const limit = limitOf(model, options);
  const plan = await makePlan(model, limit, options, signal);
  tellData(plan.facts, options);
  if (out !== undefined) writeRecipe(out, model, plan, options);
  process.stdout.write(
    json
      ? `${JSON.stringify(plan, null, 2)}\n`
      : terminalPlan(plan, { ...terminalOptions(layers), front }),
  );
}

function limitOf(model: string, options: PlanOptions): PlanLimit {
  const { maxSize, maxLatency, minSpeed, maxKl, maxDamage, metric = 'kl' } = options;
  const limits: PlanLimit[] = [];
  if (maxSize) {
    const value = 'bytes' in maxSize ? maxSize.bytes : Math.floor(maxSize.share * bytesOf(model));
    limits.push({ kind: 'size', value });
  }
  if (maxLatency !== undefined) limits.push({ kind: 'latency', value: maxLatency });
  if (minSpeed !== undefined) limits.push({ kind: 'speed', value: minSpeed });
  if (maxKl !== undefined) limits.push({ kind: 'damage', value: maxKl });
  if (maxDamage !== undefined) limits.push({ kind: 'damage', value: maxDamage });
  const [limit] = limits;
  if (maxKl !== undefined && metric !== 'kl') {
    throw new UserError(
      'badInput',
      `--max-kl is a limit of the divergence, not of ${quoted(metric)}.`,
      'Give --max-damage.',
    );
  }
  if (limit && limits.length === 1) return limit;
  throw new UserError(
    'badInput',
    'A plan needs one limit.',
    'Give one of --max-size, --max-latency, --min-speed, --max-kl and --max-damage.',
  );
}

/** Of the model's file and its external data. */
function bytesOf(model: string): number {
  const { bytes, externalData } = inspectModel(model, {}).model;
  return externalData.reduce((sum, file) => sum + (file.bytes ?? 0), bytes);
}

async function makePlan(
  model: string,
  limit: PlanLimit,
  options: PlanOptions,
  signal: AbortSignal,
): Promise<Plan> {
  const { data, samples, threads, prepare, cache, json = false } = options;
  const metric = options.metric ?? (options.maxKl === undefined ? undefined : 'kl');
  const request = {
    file: resolve(model),
    ...{ ...dataRequest(options), data: resolve(data), samples },
    threads,
    limit,
    prepare,
    ...(metric === undefined ? {} : { metric }),
    ...(cache ? { cache: cacheFolder('plan') } : {}),
  };
  return askEngine((api, call) => api.plan({ ...request, ...sizesOf(options) }, call), {
    ...{ isData: json, signal },
  });
}

function writeRecipe(out: string, model: string, plan: Plan, options: PlanOptions): void {
  const file = resolve(model);
  const source = { file: pathFrom(out, file), sha256: hashOf(file) };
  const used = {
    ...{ calibration: pathFrom(out, options.data), ...recipeData(options) },
    samples: plan.basis.calibrating,
  };
  const bare = newRecipe(source, used);
  try {
    const text = applied(bare, setSteps(bare, plan.steps));
    writeFileSync(out, applied(text, setMeasured(text, measuredFromPlan(plan, bytesOf(model)))));
  } catch (error) {
    throw new UserError('badInput', `${quoted(out)} cannot be written: ${messageOf(error)}.`);
  }
}
