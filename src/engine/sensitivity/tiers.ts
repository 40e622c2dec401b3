import type { Progress } from '../../base/progress';
import type { Tier } from '../../protocol/sensitivity';
import type { Calibration } from '../../runtime/calibration';
import { type AdaptiveOptions, adaptiveSweep } from '../../sensitivity/adaptive';
import { type Subject, sweep } from '../../sensitivity/sweep';
import type { SizedModel } from '../models';
import { reducedIndex } from '../reduced';
import type { AskedChanges } from './changes';
import type { Asked, Question } from './question';

/** For the unchanged model's values that cross into the parts behind the layers. */
export const keptBytes = 1e9;

/** A row that a tier has finished. */
export interface Finished {
  readonly asked: Asked;
  readonly probe: string;
  /** Of the samples that were spent on it. */
  readonly scores: readonly number[];
  /** Their numbers; all in their order where it is left out. */
  readonly samples?: readonly number[];
  readonly settled: boolean;
  /** Mean over all samples and half the width of its interval, where `scores` are of some only. */
  readonly estimate?: { readonly mean: number; readonly halfWidth: number };
}

/** What a tier works with. */
export interface TierBench {
  readonly sized: SizedModel;
  readonly question: Question;
  readonly data: Calibration;
  /** What is not kept from before. */
  readonly tasks: readonly AskedChanges[];
  /** Scores of some samples that are kept from before, by `adaptiveKey`. */
  readonly known: AdaptiveOptions['known'];
  readonly finished: (row: Finished) => void;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** A damage that every row is to be told to be above or below. */
  readonly limit: number | undefined;
  /** Draws samples. */
  readonly seed: number;
}

type TierRun = (bench: TierBench) => Promise<void>;

/** How each tier that runs the model comes to its rows. */
export const tierRuns = { adaptive, exact } satisfies Record<Exclude<Tier, 'hints'>, TierRun>;

async function exact(bench: TierBench): Promise<void> {
  const asked = askedBy(bench);
  const { settle } = bench.question.judge;
  await sweep({
    ...(await sweepOptions(bench)),
    finished: ({ subject, name, scores: noted }) =>
      bench.finished({
        ...{ asked: asked(subject), probe: name, scores: settle(noted), settled: true },
      }),
  });
}

/** As many as a list of the worst has that people read to its end. */
const worst = 10;

async function adaptive(bench: TierBench): Promise<void> {
  const asked = askedBy(bench);
  const { limit, seed, known } = bench;
  await adaptiveSweep({
    ...{ ...(await sweepOptions(bench)), worst, limit, seed, known },
    difficulty: bench.question.judge.difficulty,
    finished: ({ subject, name, scores, samples, settled, ...estimate }) =>
      bench.finished({ asked: asked(subject), probe: name, scores, samples, settled, estimate }),
  });
}

async function sweepOptions({ sized, question, data, tasks, signal, progress }: TierBench) {
  return {
    ...{ index: sized.index, data, open: sized.external.open, signal, progress },
    ...{ memory: keptBytes, score: question.judge.score, outputs: [question.judge.output] },
    reduced: await reducedIndex(sized),
    tasks: tasks.map(({ asked: { subject }, changes }) => ({ subject, changes })),
  };
}

function askedBy({ tasks }: TierBench): (subject: Subject) => Asked {
  const found = new Map(tasks.map(({ asked }) => [asked.subject as Subject, asked]));
  return (subject) => {
    const asked = found.get(subject);
    if (!asked) throw new Error(`Nobody asked about ${subject.id}.`);
    return asked;
  };
}
