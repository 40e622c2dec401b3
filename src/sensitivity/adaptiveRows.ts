import { deviations95, meanWithInterval } from '../tensor/measures';
import { stratifiedMean, type Stratum } from './strata';
import type { Subject, SweepTask } from './sweep';

/** What is known of one change of one subject. */
export interface AdaptiveRow {
  readonly subject: Subject;
  /** Of the change. */
  readonly name: string;
  /** Numbers of the samples that were spent on it, in rising order. Whoever keeps them with the scores can go on later. */
  readonly samples: readonly number[];
  /** One for each of `samples`. */
  readonly scores: readonly number[];
  /** Mean over all samples, estimated from those spent. */
  readonly mean: number;
  /** Half the width of the mean's 95 % interval: what other data would give, and what samples that were not spent might. */
  readonly halfWidth: number;
  /** Whether it is known to be among the worst or not, and on which side of the limit it is, as far as its interval tells. */
  readonly settled: boolean;
}

/** Scores by the number of the sample, of the data's samples in the order of its batches. */
export type ScoresBySample = ReadonlyMap<number, number>;

/** A change of a subject while it is being measured. */
export interface OpenRow {
  readonly task: SweepTask;
  readonly name: string;
  /** Sample → score. */
  readonly scores: Map<number, number>;
  /** The last round whose samples it has; undefined for one that has all samples from the start. */
  round: number | undefined;
  settled: boolean;
}

export interface Settling {
  readonly worst: number;
  readonly limit?: number | undefined;
}

/** Standard errors that two rows must be apart to be told from each other. */
const apart = 1.8;

const valueIn =
  ({ scores }: OpenRow) =>
  (sample: number) =>
    scores.get(sample) ?? 0;

/** What can be told of a row now. */
export function told(row: OpenRow, strata: readonly Stratum[]): AdaptiveRow {
  const { task, name, settled } = row;
  const spent = [...row.scores].sort(([a], [b]) => a - b);
  const samples = spent.map(([sample]) => sample);
  const scores = spent.map(([, score]) => score);
  return { subject: task.subject, name, samples, scores, settled, ...meanOf(row, scores, strata) };
}

function meanOf(row: OpenRow, scores: readonly number[], strata: readonly Stratum[]) {
  if (row.round === undefined) return meanWithInterval(scores);
  const valueOf = valueIn(row);
  const { mean, error } = stratifiedMean(strata, row.round, valueOf);
  const squares = stratifiedMean(strata, row.round, (sample) => valueOf(sample) ** 2).mean;
  const count = strata.reduce((sum, { samples }) => sum + samples.length, 0);
  const variance = Math.max(0, squares - mean ** 2) / Math.max(1, count - 1);
  return { mean, halfWidth: deviations95 * Math.sqrt(variance + error ** 2) };
}

/** Whether samples that were not spent on it would hardly change what is asked of a row; `others` are those of the same name. */
export function isSettled(
  row: OpenRow,
  others: readonly OpenRow[],
  strata: readonly Stratum[],
  { worst, limit }: Settling,
): boolean {
  if (limit !== undefined) {
    const { mean, error } = stratifiedMean(strata, row.round ?? 0, valueIn(row));
    if (Math.abs(mean - limit) <= apart * error) return false;
  }
  let [above, below] = [0, 0];
  for (const other of others) {
    const side = sideOf(row, other, strata);
    if (side > 0) below++;
    else if (side < 0) above++;
  }
  return above >= worst || below > others.length - worst;
}

/** Whether a row's mean is surely above another's (1) or below it (−1): told by the samples that both have, pair by pair. */
function sideOf(row: OpenRow, other: OpenRow, strata: readonly Stratum[]): number {
  const round = Math.min(row.round ?? Infinity, other.round ?? Infinity);
  const [a, b] = [valueIn(row), valueIn(other)];
  const { mean, error } = stratifiedMean(strata, round, (sample) => a(sample) - b(sample));
  return Math.abs(mean) > apart * error ? Math.sign(mean) : 0;
}
