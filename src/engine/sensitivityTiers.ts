import type { Progress } from '../base/progress';
import type { Tier } from '../protocol/sensitivity';
import type { Calibration } from '../runtime/calibration';
import { sweep } from '../sensitivity/sweep';
import type { SizedModel } from './models';
import type { Asked, Question } from './sensitivityQuestion';

/** For the unchanged model's values that cross into the parts behind the layers. */
const keptBytes = 1e9;

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
  /** Rows that need not be measured. */
  readonly isKept: (id: string, probe: string) => boolean;
  readonly finished: (row: Finished) => void;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

type TierRun = (bench: TierBench) => Promise<void>;

/** How each tier comes to its rows. */
export const tierRuns: Partial<Record<Tier, TierRun>> = { exact };

async function exact(bench: TierBench): Promise<void> {
  const { sized, question, data, isKept, finished, signal, progress } = bench;
  const askedOf = new Map(question.asked.map((asked) => [asked.subject, asked]));
  await sweep({
    ...{ index: sized.index, data, open: sized.external.open, signal, progress },
    ...{ memory: keptBytes, score: question.judge.score },
    tasks: question.asked.map(({ subject, changes }) => ({
      subject,
      changes: changes.filter(({ name }) => !isKept(subject.id, name)),
    })),
    finished: ({ subject, name, scores }) => {
      const asked = askedOf.get(subject);
      if (asked) finished({ asked, probe: name, scores, settled: true });
    },
  });
}
