import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RoomyKeeper } from '../../actions/keeper';
import { throwIfAborted } from '../../base/cancel';
import { noProgress, type Progress } from '../../base/progress';
import { applySteps } from '../../build/apply';
import type { Interval, MeasuredFigures } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { Calibration } from '../../runtime/calibration';
import type { Feeds, Runner, Session } from '../../runtime/runner';
import type { Score } from '../../sensitivity/sweep';
import { mean } from '../../tensor/measures';
import type { SizedModel } from '../models';
import { saveModel } from '../saveModel';
import { meanInterval } from './interval';
import type { Timing } from './latency';

/** Samples with the model's own answers to them, batch by batch. */
export interface Answered {
  readonly data: Calibration;
  readonly answers: readonly Feeds[];
  /** Outputs of the model that the answers hold, and that candidates are asked for. */
  readonly outputs: readonly string[];
}

/** What a plan is tried with. */
export interface Trial {
  readonly calibration: Calibration;
  /** What the limit is held to. */
  readonly seen: Answered;
  /** What nothing before has seen. */
  readonly unseen: Answered | undefined;
  readonly folder: string;
  readonly score: Score;
  /** Scores from all that `score` gave, for metrics that are no mean over samples. */
  readonly settle?: (noted: readonly number[]) => readonly number[];
  readonly runner: Runner;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** What plans before have found out of the same model on the same data; each by itself where it is left out. */
  readonly keeper?: RoomyKeeper;
  /** Times a file against the original in turn; left out where nobody asked. */
  readonly time?: (file: string) => Promise<Timing>;
}

/** What a plan was measured to be. */
export interface Tried {
  readonly figures: MeasuredFigures;
  /** Mean damage on the samples that nothing before has seen, with its interval. */
  readonly unseen: MeanDamage | undefined;
}

/** With its 95 % interval. */
export interface MeanDamage extends Interval {
  readonly damage: number;
}

/** Makes the whole model, and measures what it is: its files' bytes, its answers on the samples, its time where that is asked. */
export async function tryPlan(
  { index, external }: SizedModel,
  steps: readonly Step[],
  {
    calibration,
    seen,
    unseen,
    folder,
    score,
    runner,
    threads,
    signal,
    keeper,
    time,
    settle,
  }: Trial,
  progress: Progress = noProgress,
): Promise<Tried> {
  const { open } = external;
  keeper?.nextRound();
  const applied = await applySteps(index, steps, {
    ...{ open, calibration, signal, progress },
    ...(keeper ? { keeper } : {}),
  });
  const file = join(folder, 'plan.onnx');
  const files = saveModel(applied.index.model, file, { open });
  const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
  try {
    const candidate = await runner.load(file, { threads, provider: 'cpu', optimize: 'all' });
    try {
      const { damage, low, high } = await damageOf(candidate, seen, { score, settle }, signal);
      const other = unseen && (await damageOf(candidate, unseen, { score, settle }, signal));
      const timing = (await time?.(file)) ?? untimed;
      const { latencyMs, speed } = timing;
      const intervals = { ...timing.intervals, damage: { low, high } };
      return { figures: { bytes, damage, latencyMs, speed, intervals }, unseen: other };
    } finally {
      await candidate.release();
    }
  } finally {
    for (const path of files) rmSync(path, { force: true });
  }
}

const untimed = { latencyMs: null, speed: null, intervals: { latencyMs: null, speed: null } };

/** Mean damage of the candidate's answers. */
async function damageOf(
  candidate: Session,
  { data, answers, outputs: wanted }: Answered,
  {
    score,
    settle = (noted) => noted,
  }: Pick<Trial, 'score'> & { settle: Trial['settle'] | undefined },
  signal: AbortSignal,
): Promise<MeanDamage> {
  const noted: number[] = [];
  let at = 0;
  for (const batch of data.batches()) {
    throwIfAborted(signal);
    const { outputs } = await candidate.run(batch.feeds, wanted);
    noted.push(...score(answers[at++] ?? {}, outputs, batch));
  }
  const scores = settle(noted);
  return { damage: mean(scores), ...meanInterval(scores) };
}

/** What the model itself answers to every batch, to hold plans against: only the outputs that are looked at, as others may be large. */
export async function answered(
  { index }: SizedModel,
  data: Calibration,
  { outputs, signal }: { readonly outputs: readonly string[]; readonly signal: AbortSignal },
): Promise<Answered> {
  const session = await data.load(index.model);
  const answers: Feeds[] = [];
  try {
    for (const { feeds } of data.batches()) {
      throwIfAborted(signal);
      answers.push((await session.run(feeds, outputs)).outputs);
    }
  } finally {
    await session.release();
  }
  return { data, answers, outputs };
}
