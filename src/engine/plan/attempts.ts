import { isDeepStrictEqual } from 'node:util';
import type { Progress } from '../../base/progress';
import type { LayerOption } from '../../build/plan/options';
import { stepsOf } from '../../build/plan/steps';
import type { PlanLimit } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { SizedModel } from '../models';
import { type Measurements, predictedOf } from './choice';
import type { PlanKept } from './kept';
import { type Ready, rivalsOf } from './ready';
import { type Attempt, bestOf, corrected, keeps, type ReadyAttempt } from './repair';
import { type Chosen, chooseWithin } from './size';
import { type Trial, type Tried, tryPlan } from './trial';

/** Plans that are made and measured before the best so far is taken. */
const mostAttempts = 8;
/** Of the progress; ready schemes have the rest. */
const plansShare = 0.8;

export interface Trying {
  readonly original: SizedModel;
  readonly limit: PlanLimit;
  readonly trial: Trial;
  readonly measured: Measurements;
  /** Title of the metric of single layers, for the steps' notes. */
  readonly metric: string;
  readonly kept: PlanKept;
  readonly preparations: readonly Step[];
  readonly ready: readonly Ready[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Makes and measures plans until one is as good as the limit allows or no new one is found, then the ready schemes that might be better. */
export async function tryPlans(trying: Trying): Promise<readonly (Attempt | ReadyAttempt)[]> {
  const plans = await correctedPlans(trying);
  const { limit, ready } = trying;
  const best = bestOf(plans, limit);
  const isKept = best !== undefined && keeps(limit, best.figures);
  const rivals = rivalsOf(ready, limit, { bytes: isKept ? best.figures.bytes : Infinity });
  const found: ReadyAttempt[] = [];
  for (const [at, { name, steps }] of rivals.entries()) {
    const from = plansShare + ((1 - plansShare) * at) / rivals.length;
    const progress: Progress = (fraction, note) =>
      trying.progress(
        from + ((1 - plansShare) / rivals.length) * fraction,
        [`trying ${name}`, note].filter(Boolean).join(' · '),
      );
    found.push({ ...(await tried(trying, steps, progress)), steps, scheme: name });
  }
  return [...plans, ...found];
}

async function correctedPlans(trying: Trying): Promise<Attempt[]> {
  const { original, limit: asked, measured, metric, preparations, signal } = trying;
  const stepsFor = (chosen: readonly LayerOption[]) => [
    ...preparations,
    ...stepsOf(measured.layers, chosen, metric),
  ];
  const attempts: Attempt[] = [];
  let limit: PlanLimit | undefined = asked;
  for (let at = 0; limit && at < mostAttempts; at++) {
    const found: Chosen | undefined = await chooseWithin(original, {
      ...{ asked, limit, measured, stepsFor, signal },
    });
    if (!found) break;
    const { chosen, steps } = found;
    if (attempts.some((each) => isDeepStrictEqual(each.steps, steps))) break;
    const share = plansShare / mostAttempts;
    const progress: Progress = (fraction, note) =>
      trying.progress(
        share * (at + fraction),
        [`trying plan ${at + 1}`, note].filter(Boolean).join(' · '),
      );
    const made = await tried(trying, steps, progress);
    attempts.push({ ...made, steps, chosen, predicted: predictedOf(measured, chosen) });
    limit = corrected(asked, found.limit, attempts);
  }
  return attempts;
}

async function tried(
  { original, trial, kept }: Trying,
  steps: readonly Step[],
  progress: Progress,
): Promise<Tried> {
  progress(0, '');
  const known = kept.tried.get(steps);
  if (known) return known;
  const made = await tryPlan(original, steps, trial, progress);
  kept.tried.add(steps, made);
  return made;
}
