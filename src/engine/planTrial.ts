import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { noProgress } from '../base/progress';
import { applySteps } from '../build/apply';
import type { Step } from '../protocol/recipe';
import type { Calibration } from '../runtime/calibration';
import type { Score } from '../sensitivity/sweep';
import type { SizedModel } from './models';
import { saveModel } from './saveModel';

/** What a plan is tried with. */
export interface Trial {
  readonly calibration: Calibration;
  readonly samples: Calibration;
  readonly folder: string;
  readonly score: Score;
}

/** Makes the whole model, and measures what it is: its files' bytes, its answers on the samples. */
export async function tryPlan(
  sized: SizedModel,
  steps: readonly Step[],
  { calibration, samples, folder, score }: Trial,
): Promise<{ file: string; bytes: number; damage: number }> {
  const { open } = sized.external;
  const applied = await applySteps(sized.index, steps, { open, calibration, progress: noProgress });
  const file = join(folder, 'plan.onnx');
  await saveModel(applied.index.model, file, { open });
  const bytes = readdirSync(folder)
    .filter((name) => name.startsWith('plan.onnx'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const reference = await samples.load(sized.index.model);
  const candidate = await samples.load(applied.index.model);
  const scores: number[] = [];
  try {
    for (const batch of samples.batches()) {
      const a = await reference.run(batch.feeds);
      const b = await candidate.run(batch.feeds);
      scores.push(...score(a.outputs, b.outputs, batch));
    }
  } finally {
    await reference.release();
    await candidate.release();
  }
  const damage = scores.reduce((sum, each) => sum + each, 0) / Math.max(1, scores.length);
  return { file, bytes, damage };
}
