import { partOf } from '../base/progress';
import type { CalibrationBatch } from '../runtime/calibration';
import type { Feeds } from '../runtime/runner';
import {
  type AdaptiveRow,
  isSettled,
  type OpenRow,
  type ScoresBySample,
  told,
} from './adaptiveRows';
import { openLanes } from './lanes';
import { drawnBy, type Stratum, strataOf } from './strata';
import { placeOf, type Subject, sweep, type SweepOptions, type SweepTask } from './sweep';

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
/** Share of the subjects, those nearest to the model's end and therefore cheapest, that are measured on all samples first. */
const pilotShare = 0.2;

/**
 * A sweep that spends samples where it is still open which rows are among the worst, or on which side of the limit they are: all rows are
 * measured on the hardest samples and on some of the others, those that are not settled on more, round by round, in the last round on all.
 * Samples are drawn from strata of equal difficulty, each of which counts by its size, so that means are comparable with those of an
 * exact sweep. Deterministic for a seed. With few samples, or where they cannot be picked, it is an exact sweep. Throws what `sweep`
 * throws; rows told until then hold.
 */
export async function adaptiveSweep(options: AdaptiveOptions): Promise<void> {
  const lanes = openLanes(options.data, options.tasks.length);
  try {
    await spend({ ...options, lanes });
  } finally {
    await lanes.close();
  }
}

async function spend(options: AdaptiveOptions): Promise<void> {
  const { data, seed, progress } = options;
  const tasks = [...options.tasks].sort((a, b) => placeOf(a.subject) - placeOf(b.subject));
  const rows = tasks.flatMap(rowsOf);
  const isOpen = data.pick !== undefined && data.samples >= fewest;
  const pilots = new Set(isOpen ? tasks.slice(-Math.ceil(pilotShare * tasks.length)) : tasks);
  const first = rows.filter(({ task }) => pilots.has(task));
  const rest = rows.filter(({ task }) => !pilots.has(task));
  const difficulties = await measureWhole(options, first, partOf(progress, 0, pilotProgress));
  const whole = partOf(progress, pilotProgress, 1);
  if (difficulties.length !== data.samples) await measureWhole(options, rest, whole);
  else await narrow({ ...options, progress: whole }, rows, rest, strataOf(difficulties, seed));
}

const pilotProgress = 0.1;

function rowsOf(task: SweepTask): OpenRow[] {
  return task.changes.map(({ name }) => ({
    ...{ task, name, scores: new Map<number, number>(), round: undefined, settled: false },
  }));
}

/** Measures more and more samples of fewer and fewer rows. */
async function narrow(
  options: AdaptiveOptions,
  rows: readonly OpenRow[],
  rest: readonly OpenRow[],
  strata: readonly Stratum[],
): Promise<void> {
  const rounds = strata[0]?.drawn.length ?? 0;
  let open = rest;
  for (let round = 0; round < rounds && open.length > 0; round++) {
    const progress = partOf(options.progress, round / rounds, (round + 1) / rounds);
    await look({ ...options, progress }, open, strata, round);
    const isLast = round === rounds - 1;
    const others = (row: OpenRow) => rows.filter((each) => each.name === row.name && each !== row);
    const settled = open.filter((row) => isLast || isSettled(row, others(row), strata, options));
    for (const row of settled) {
      row.settled = true;
      options.finished(told(row, strata));
    }
    open = open.filter((row) => !row.settled);
  }
}

/** Measures rows on the samples that a round adds, as far as these are not known, and tells them as not settled. */
async function look(
  options: AdaptiveOptions,
  open: readonly OpenRow[],
  strata: readonly Stratum[],
  round: number,
): Promise<void> {
  const before = new Set(round > 0 ? drawnBy(strata, round - 1) : []);
  const added = drawnBy(strata, round).filter((sample) => !before.has(sample));
  const data = options.data.pick?.(added);
  if (!data) return;
  const tell = (row: OpenRow, scores: readonly number[]) => {
    added.forEach((sample, at) => row.scores.set(sample, scores[at] ?? 0));
    row.round = round;
    options.finished(told(row, strata));
  };
  const missing = open.filter((row) => {
    const scores = knownScores(options, row, added);
    if (scores) tell(row, scores);
    return scores === undefined;
  });
  await measure({ ...options, data }, missing, tell);
}

/** What is known from before of a row, if all of these samples are. */
function knownScores(
  { known }: AdaptiveOptions,
  { task, name }: OpenRow,
  samples: readonly number[],
): readonly number[] | undefined {
  const own = known?.get(adaptiveKey(task.subject, name));
  const scores = samples.flatMap((sample) => own?.get(sample) ?? []);
  return scores.length === samples.length ? scores : undefined;
}

/** Measures rows on all samples, which settles them. Returns how hard each sample is; none where scores are not samples'. */
async function measureWhole(
  options: AdaptiveOptions,
  rows: readonly OpenRow[],
  progress: SweepOptions['progress'],
): Promise<readonly number[]> {
  const { data, difficulty, score } = options;
  const unsure = new Map<CalibrationBatch, readonly number[]>();
  const noting: SweepOptions['score'] = (reference, candidate, batch) => {
    if (difficulty && !unsure.has(batch)) unsure.set(batch, difficulty(reference, batch));
    return score(reference, candidate, batch);
  };
  const all = Array.from({ length: data.samples }, (_, sample) => sample);
  const tell = (row: OpenRow, scores: readonly number[]) => {
    scores.forEach((each, sample) => row.scores.set(sample, each));
    row.settled = true;
    options.finished(told(row, []));
  };
  const known = new Map(rows.map((row) => [row, knownScores(options, row, all)]));
  let missing = rows.filter((row) => known.get(row) === undefined);
  // How hard samples are is seen in what the model answers to them: it has to run for that.
  if (missing.length === 0 && difficulty) missing = rows.slice(-1);
  for (const row of rows) if (!missing.includes(row)) tell(row, known.get(row) ?? []);
  await measure({ ...options, progress, score: noting }, missing, tell);
  if (rows.length === 0 || rows.some(({ scores }) => scores.size !== all.length)) return [];
  // Whatever lane scores a batch first has scored those before it: they stand in their order.
  return difficulty ? [...unsure.values()].flat() : sharesOf(rows, all);
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

/** An exact sweep of these rows alone. */
async function measure(
  options: Omit<SweepOptions, 'tasks' | 'finished'>,
  rows: readonly OpenRow[],
  measured: (row: OpenRow, scores: readonly number[]) => void,
): Promise<void> {
  const rowOf = new Map(rows.map(({ task }) => [task.subject, new Map<string, OpenRow>()]));
  for (const row of rows) rowOf.get(row.task.subject)?.set(row.name, row);
  const tasks = [...new Set(rows.map(({ task }) => task))];
  await sweep({
    ...options,
    tasks: tasks.map(({ subject, changes }) => ({
      subject,
      changes: changes.filter(({ name }) => rowOf.get(subject)?.has(name)),
    })),
    finished: ({ subject, name, scores }) => {
      const row = rowOf.get(subject)?.get(name);
      if (row) measured(row, scores);
    },
  });
}
