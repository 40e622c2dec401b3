import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { hashOf } from '../engine/fileHash';
import type { Plan, PlanLimit } from '../protocol/plan';
import { applied, newRecipe, setSteps } from '../recipe/edit';
import { terminalPlan } from '../report/planTerminal';
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
  const { out, overwrite, json, layers } = options;
  if (out !== undefined && existsSync(out) && !overwrite) {
    throw new UserError('badInput', `${out} is there already.`, 'Use --overwrite.');
  }
  const limit = limitOf(model, options);
  const plan = await makePlan(model, limit, options, signal);
  if (out !== undefined) writeRecipe(out, model, plan, options);
  process.stdout.write(
    json ? `${JSON.stringify(plan, null, 2)}\n` : terminalPlan(plan, terminalOptions(layers)),
  );
}

function limitOf(model: string, { maxSize, maxLatency, maxKl }: PlanOptions): PlanLimit {
  const limits: PlanLimit[] = [];
  if (maxSize) {
    const whole = () => {
      const { model: facts } = inspectModel(model, {});
      return facts.externalData.reduce((sum, file) => sum + (file.bytes ?? 0), facts.bytes);
    };
    const value = 'bytes' in maxSize ? maxSize.bytes : maxSize.share * whole();
    limits.push({ kind: 'size', value });
  }
  if (maxLatency !== undefined) limits.push({ kind: 'latency', value: maxLatency });
  if (maxKl !== undefined) limits.push({ kind: 'damage', value: maxKl });
  const [limit] = limits;
  if (limit && limits.length === 1) return limit;
  throw new UserError(
    'badInput',
    'A plan needs one limit.',
    'Give one of --max-size, --max-latency and --max-kl.',
  );
}

async function makePlan(
  model: string,
  limit: PlanLimit,
  options: PlanOptions,
  signal: AbortSignal,
): Promise<Plan> {
  const { data, label, samples, threads, json = false } = options;
  const labelled = label === undefined ? {} : { label };
  const request = {
    file: resolve(model),
    data: resolve(data),
    ...labelled,
    samples,
    threads,
    limit,
  };
  return askEngine((api, call) => api.plan({ ...request, ...sizesOf(options) }, call), {
    ...{ isData: json, signal },
  });
}

function writeRecipe(
  out: string,
  model: string,
  { steps }: Plan,
  { data, label }: PlanOptions,
): void {
  const file = resolve(model);
  const source = { file: pathFrom(out, file), sha256: hashOf(file) };
  const labelled = label === undefined ? {} : { label };
  const bare = newRecipe(source, { calibration: pathFrom(out, data), ...labelled });
  try {
    writeFileSync(out, applied(bare, setSteps(bare, steps)));
  } catch (error) {
    throw new UserError('badInput', `${quoted(out)} cannot be written: ${messageOf(error)}.`);
  }
}
