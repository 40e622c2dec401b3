import type { Progress } from '../base/progress';
import type { Tier } from '../protocol/sensitivity';
import type { Calibration } from '../runtime/calibration';
import { type Subject, sweep } from '../sensitivity/sweep';
import type { SizedModel } from './models';
import { reducedIndex } from './reduced';
import type { AskedChanges } from './sensitivityChanges';
import type { Asked, Question } from './sensitivityQuestion';

/** For the unchanged model's values that cross into the parts behind the layers. */
export const keptBytes = 1e9;

/** A row that a tier has finished. */
export interface Finished {
  readonly asked: Asked;
  readonly probe: string;
  /** Of the samples that were spent on it. */
  readonly scores: readonly number[];
  readonly settled: boolean;
}

/** What a tier works with. */
export interface TierBench {
  readonly sized: SizedModel;
  readonly question: Question;
  readonly data: Calibration;
  /** What is not kept from before. */
  readonly tasks: readonly AskedChanges[];
  readonly finished: (row: Finished) => void;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

type TierRun = (bench: TierBench) => Promise<void>;

/** How each tier comes to its rows. */
export const tierRuns: Partial<Record<Tier, TierRun>> = { exact };

async function exact(bench: TierBench): Promise<void> {
  const { sized, question, data, tasks, finished, signal, progress } = bench;
  const askedOf = new Map(tasks.map(({ asked }) => [asked.subject as Subject, asked]));
  await sweep({
    ...{ index: sized.index, data, open: sized.external.open, signal, progress },
    ...{ memory: keptBytes, score: question.judge.score, outputs: [question.judge.output] },
    reduced: await reducedIndex(sized),
    tasks: tasks.map(({ asked: { subject }, changes }) => ({ subject, changes })),
    finished: ({ subject, name, scores }) => {
      const asked = askedOf.get(subject);
      if (asked) finished({ asked, probe: name, scores, settled: true });
    },
  });
}
