import { isUserError } from '../../base/errors';
import { applySteps } from '../../build/apply';
import type { LayerOption } from '../../build/plan/options';
import { planWrite } from '../../onnx/write';
import type { PlanLimit } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { SizedModel } from '../models';
import { choose, type Measurements, nearlyWithin, predictedOf } from './choice';

/**
 * Bytes of the files that steps lead to, with what their schemes add besides the weights; no data is looked at, no weight is rounded and
 * nothing is written. Undefined where a step cannot be made without data.
 */
async function bytesAfter(
  { index, external: { open } }: SizedModel,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const { index: after } = await applySteps(index, steps, { open, signal });
    const { model, data } = planWrite(after.model, { dataName: 'plan.onnx.data', open });
    return model.length + (data?.length ?? 0);
  } catch (error) {
    if (isUserError(error) && error.code === 'badInput') return undefined;
    throw error;
  }
}

/** A choice for every layer, with the steps that make it and the limit that its sum was held to. */
export interface Chosen {
  readonly chosen: readonly LayerOption[];
  readonly steps: readonly Step[];
  readonly limit: PlanLimit;
}

/** So often the sum's limit is lowered by what the file is over. */
const mostCorrections = 10;

/**
 * The best choices within a limit on the sum; under one of size, `asked`, those whose file as well is no larger, where that can be told.
 * Undefined where nothing keeps it, but for a first one that comes near to a limit of time.
 */
export async function chooseWithin(
  original: SizedModel,
  { asked, limit, measured, stepsFor, signal }: Choosing,
): Promise<Chosen | undefined> {
  let current = limit;
  for (let left = mostCorrections; ; left--) {
    const chosen =
      choose(measured, current) ?? (limit === asked ? nearlyWithin(measured, asked) : undefined);
    if (!chosen) return undefined;
    const made = { chosen, steps: stepsFor(chosen), limit: current };
    if (asked.kind !== 'size' || left === 0) return made;
    const over = ((await bytesAfter(original, made.steps, signal)) ?? 0) - asked.value;
    if (over <= 0) return made;
    const value = Math.min(current.value - over, predictedOf(measured, chosen).bytes - 1);
    current = { ...current, value };
  }
}

interface Choosing {
  /** What the made model is held to. */
  readonly asked: PlanLimit;
  /** What the sum is held to. */
  readonly limit: PlanLimit;
  readonly measured: Measurements;
  readonly stepsFor: (chosen: readonly LayerOption[]) => readonly Step[];
  readonly signal: AbortSignal;
}
