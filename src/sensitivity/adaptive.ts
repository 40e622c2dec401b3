import { partOf, type Progress } from '../base/progress';
import type { CalibrationBatch } from '../runtime/calibration';
import type { Feeds } from '../runtime/runner';
import {
  type AdaptiveRow,
  isSettled,
  type OpenRow,
  type ScoresBySample,
  told,
} from './adaptiveRows';
import { forTheirCost } from './difficulty';
import { drawnBy, type Stratum, strataOf } from './strata';
import type { Subject, SweepOptions, SweepTask } from './sweep';
import { type Ground, placeOf, referencesOf, Sweeper } from './sweeper';

export type { AdaptiveRow, ScoresBySample } from './adaptiveRows';

export interface AdaptiveOptions extends Omit<SweepOptions, 'finished'> {
  /** How many of the rows of each name are to be told from the others. */
  readonly worst: number;
  /** A score that every row is to be told to be above or below. */
  readonly limit?: number | undefined;
  /** Draws samples. */
  readonly seed: number;
  /**
   * How unsure the model's own answers are, sample by sample: the hardest samples are looked at first. Without it they are those on which
   * the subjects nearest to the model's end do most.
   */
  readonly difficulty?:
    ((reference: Feeds, batch: CalibrationBatch) => readonly number[]) | undefined;
  /**
   * Scores that are known from before, of the same changes on the same data: by `adaptiveKey`, the `samples` and `scores` of rows that were told,
   * or all scores of exact rows. They are not measured again, and everything else is as if they had been.
   */
  readonly known?: ReadonlyMap<string, ScoresBySample>;
  /** Told every row whenever more is known of it; what was told last holds. */
  readonly finished: (row: AdaptiveRow) => void;
}

/** The key of a row among those that are known from before. */
export function adaptiveKey({ id }: Pick<Subject, 'id'>, name: string): string {
  return `${name} ${id}`;
}

/** Fewer samples than this are not worth choosing among. */
const fewest = 24;
/**
 * Share of the subjects that are measured on all samples first where the answers do not tell which are hard: those nearest to the model's
 * end, and therefore cheapest.
 */
const pilotShare = 0.2;
const pilotProgress = 0.1;

/**
 * A sweep that spends samples where it is still open which rows are among the worst, or on which side of the limit they are: all rows are
 * measured on the hardest samples and on some of the others, those that are not settled on more, round by round, in the last round on all.
 * Samples are drawn from strata of equal difficulty, each of which counts by its size, so that means are comparable with those of an
 * exact sweep. Deterministic for a seed. With few samples, or where they cannot be picked, it is an exact sweep. Throws what `sweep`
 * throws; rows told until then hold.
 */
export async function adaptiveSweep(options: AdaptiveOptions): Promise<void> {
  const tasks = options.tasks.filter(({ changes }) => changes.length > 0);
  if (tasks.length === 0) return;
  const sweeper = new Sweeper({ ...options, subjects: tasks.map(({ subject }) => subject) });
  tasks.sort((a, b) => placeOf(a.subject) - placeOf(b.subject));
  try {
    await spend({ ...options, sweeper, tasks });
  } finally {
    await sweeper.close();
  }
}

interface Spending extends AdaptiveOptions {
  readonly sweeper: Sweeper;
}

/** Samples to measure rows on. */
interface Look {
  readonly samples: readonly number[];
  /** Runs the model on them as it is; called where one of them is not known from before. */
  readonly enter: () => Promise<Ground>;
  /** Whether they are the last. */
  readonly isLast: boolean;
  readonly progress: Progress;
}

async function spend(options: Spending): Promise<void> {
  const { data, sweeper, tasks, progress } = options;
  const pick = data.samples >= fewest ? data.pick : undefined;
  const all = Array.from({ length: data.samples }, (_, sample) => sample);
  const whole = {
    samples: all,
    async enter() {
      // Sessions are loaded for the sizes that all batches have, and those of some samples have others.
      const [ground = []] = await sweeper.enter(data, ...(pick ? [pick([0])] : []));
      return ground;
    },
  };
  const rows = tasks.flatMap(rowsOf);
  if (!pick) return measureWhole(options, rows, { ...whole, isLast: true, progress });
  const unsure = await unsureness(options, whole.enter);
  if (unsure.length === all.length) return narrow(options, rows, rows, unsure);
  const pilots = new Set(tasks.slice(-Math.ceil(pilotShare * tasks.length)));
  const first = rows.filter(({ task }) => pilots.has(task));
  const rest = rows.filter(({ task }) => !pilots.has(task));
  const soon = partOf(progress, 0, pilotProgress);
  await measureWhole(options, first, { ...whole, isLast: false, progress: soon });
  const later = partOf(progress, pilotProgress, 1);
  const isBySample = first.every(({ scores }) => scores.size === all.length);
  if (isBySample) await narrow({ ...options, progress: later }, rows, rest, sharesOf(first, all));
  else await measureWhole(options, rest, { ...whole, isLast: true, progress: later });
}

/** How unsure the model is of each sample, for what that costs to look at; none where nobody can tell. */
async function unsureness(
  { difficulty }: Spending,
  enter: Look['enter'],
): Promise<readonly number[]> {
  if (!difficulty) return [];
  const ground = referencesOf(await enter());
  return ground.flatMap(({ reference, batch }) =>
    forTheirCost(difficulty(reference, batch), batch),
  );
}

function rowsOf(task: SweepTask): OpenRow[] {
  return task.changes.map(({ name }) => ({
    ...{ task, name, scores: new Map<number, number>(), round: undefined, settled: false },
  }));
}

/** Measures more and more samples of fewer and fewer of the rows `first`, the hardest samples before the others. */
async function narrow(
  options: Spending,
  rows: readonly OpenRow[],
  first: readonly OpenRow[],
  difficulties: readonly number[],
): Promise<void> {
  const strata = strataOf(difficulties, options.seed);
  const rounds = strata[0]?.drawn.length ?? 0;
  let open = first;
  for (let round = 0; round < rounds && open.length > 0; round++) {
    const isLast = round === rounds - 1;
    const progress = partOf(options.progress, round / rounds, (round + 1) / rounds);
    await look(options, open, { ...addedBy(options, strata, round), isLast, progress }, (row) => {
      row.round = round;
      options.finished(told(row, strata));
    });
    const others = (row: OpenRow) => rows.filter((each) => each.name === row.name && each !== row);
    const settled = open.filter((row) => isLast || isSettled(row, others(row), strata, options));
    for (const row of settled) {
      row.settled = true;
      options.finished(told(row, strata));
    }
    open = open.filter((row) => !row.settled);
  }
}

/** The samples that a round adds. */
function addedBy(
  { data, sweeper }: Spending,
  strata: readonly Stratum[],
  round: number,
): Pick<Look, 'samples' | 'enter'> {
  const before = new Set(round > 0 ? drawnBy(strata, round - 1) : []);
  const samples = drawnBy(strata, round).filter((sample) => !before.has(sample));
  return {
    samples,
    async enter() {
      const picked = data.pick?.(samples);
      return (picked && (await sweeper.enter(picked))[0]) ?? [];
    },
  };
}

/** Measures rows on all samples, which settles them. */
async function measureWhole(
  options: Spending,
  rows: readonly OpenRow[],
  whole: Look,
): Promise<void> {
  await look(options, rows, whole, (row) => {
    row.settled = true;
    options.finished(told(row, []));
  });
}

/** Measures rows on some samples, as far as their scores are not known from before. */
async function look(
  { sweeper, known, score }: Spending,
  rows: readonly OpenRow[],
  { samples, enter, ...measuring }: Look,
  measured: (row: OpenRow) => void,
): Promise<void> {
  const tell = (row: OpenRow, scores: readonly number[]) => {
    for (const [at, each] of scores.entries()) row.scores.set(samples[at] ?? at, each);
    measured(row);
  };
  const missing = new Map<Subject, Map<string, OpenRow>>();
  for (const row of rows) {
    const {
      task: { subject },
      name,
    } = row;
    const own = known?.get(adaptiveKey(subject, name));
    const scores = samples.flatMap((sample) => own?.get(sample) ?? []);
    if (scores.length === samples.length) tell(row, scores);
    else missing.set(subject, (missing.get(subject) ?? new Map<string, OpenRow>()).set(name, row));
  }
  if (missing.size === 0) return;
  const tasks = new Set(rows.map(({ task }) => task));
  await sweeper.measure(await enter(), {
    ...{ ...measuring, score },
    tasks: [...tasks].map(({ subject, changes }) => ({
      subject,
      changes: changes.filter(({ name }) => missing.get(subject)?.has(name)),
    })),
    finished: ({ subject, name, scores }) => {
      const row = missing.get(subject)?.get(name);
      if (row) tell(row, scores);
    },
  });
}

/** How much of each row's damage the samples have, all rows together. */
function sharesOf(rows: readonly OpenRow[], samples: readonly number[]): readonly number[] {
  const sizes = rows.map(({ scores }) => {
    const size = [...scores.values()].reduce((total, each) => total + Math.abs(each), 0);
    return { scores, size: size || 1 };
  });
  return samples.map((sample) =>
    sizes.reduce((sum, { scores, size }) => sum + Math.abs(scores.get(sample) ?? 0) / size, 0),
  );
}
