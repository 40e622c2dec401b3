import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { noProgress } from '../base/progress';
import { applySteps } from '../build/apply';
import type { Step } from '../protocol/recipe';
import type { Calibration } from '../runtime/calibration';
import type { Feeds, Runner } from '../runtime/runner';
import type { Score } from '../sensitivity/sweep';
import type { SizedModel } from './models';
import { saveModel } from './saveModel';

/** What a plan is tried with. */
export interface Trial {
  readonly calibration: Calibration;
  readonly samples: Calibration;
  readonly folder: string;
  readonly score: Score;
  readonly runner: Runner;
  readonly threads: number;
  /** The model's own answers, batch by batch. */
  readonly references: readonly Feeds[];
}

/** Makes the whole model, and measures what it is: its files' bytes, its answers on the samples. */
export async function tryPlan(
  sized: SizedModel,
  steps: readonly Step[],
  { calibration, samples, folder, score, runner, threads, references }: Trial,
): Promise<{ file: string; bytes: number; damage: number }> {
  const { open } = sized.external;
  const applied = await applySteps(sized.index, steps, { open, calibration, progress: noProgress });
  const file = join(folder, 'plan.onnx');
  await saveModel(applied.index.model, file, { open });
  const bytes = readdirSync(folder)
    .filter((name) => name.startsWith('plan.onnx'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const candidate = await runner.load(file, { threads, provider: 'cpu', optimize: 'all' });
  const scores: number[] = [];
  try {
    let at = 0;
    for (const batch of samples.batches()) {
      const { outputs } = await candidate.run(batch.feeds);
      scores.push(...score(references[at++] ?? {}, outputs, batch));
    }
  } finally {
    await candidate.release();
  }
  const damage = scores.reduce((sum, each) => sum + each, 0) / Math.max(1, scores.length);
  return { file, bytes, damage };
}

/** What the model itself answers to every batch, to hold plans against. */
export async function answersOf({ index }: SizedModel, samples: Calibration): Promise<Feeds[]> {
  const session = await samples.load(index.model);
  const answers: Feeds[] = [];
  try {
    for (const { feeds } of samples.batches()) answers.push((await session.run(feeds)).outputs);
  } finally {
    await session.release();
  }
  return answers;
}
