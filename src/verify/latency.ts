import { throwIfAborted } from '../base/cancel';
import type { Progress } from '../base/progress';
import { type Spread, spreadOf } from '../profile/spread';
import type { Feeds, Session, SessionOptions } from '../runtime/runner';
import { deviations95 } from '../tensor/measures';

/** How models are loaded that are timed in turn: threads that wait awake for one take the processors from the other. */
export const loadedInTurn = {
  ...{ provider: 'cpu', optimize: 'all', spinning: 'withinRuns' },
} as const satisfies Partial<SessionOptions>;

/** Two models timed in turn, so that whatever else the machine does meets both. */
export interface LatencyComparison {
  readonly referenceMs: Spread;
  readonly candidateMs: Spread;
  /** How many times faster the candidate is: median of the rounds' ratios, with a 95 % interval of that median. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

export interface LatencyOptions {
  readonly rounds: number;
  readonly warmup: number;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
}

/** A loaded model and what it is fed. */
export interface Timed {
  readonly session: Session;
  readonly feeds: Feeds;
}

/** Runs both sessions once a round, the order changing from round to round. */
export async function compareLatency(
  reference: Timed,
  candidate: Timed,
  { rounds, warmup, signal, progress }: LatencyOptions,
): Promise<LatencyComparison> {
  const time = async ({ session, feeds }: Timed) => (await session.run(feeds)).ms;
  const times: [number, number][] = [];
  for (let round = -warmup; round < rounds; round++) {
    throwIfAborted(signal);
    const first = round % 2 === 0 ? reference : candidate;
    const second = first === reference ? candidate : reference;
    const a = await time(first);
    const b = await time(second);
    if (round < 0) continue;
    times.push(first === reference ? [a, b] : [b, a]);
    progress((round + 1) / rounds, `${round + 1} of ${rounds} rounds`);
  }
  const ratios = times.map(([a, b]) => a / b);
  return {
    referenceMs: spreadOf(times.map(([a]) => a)),
    candidateMs: spreadOf(times.map(([, b]) => b)),
    ...medianInterval(ratios),
    rounds,
  };
}

/**
 * The median of independent values and its 95 % interval, from order statistics: no assumption about their distribution. With too
 * few values for the interval it is their whole range.
 */
export function medianInterval(values: readonly number[]): {
  ratio: number;
  low: number;
  high: number;
} {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  // The normal approximation of the binomial: ranks n/2 ± 1.96·√n/2.
  const reach = (deviations95 * Math.sqrt(n)) / 2;
  const at = (rank: number) => sorted[Math.min(n - 1, Math.max(0, rank))] ?? NaN;
  return {
    ratio: spreadOf(sorted).median,
    low: at(Math.floor(n / 2 - reach)),
    high: at(Math.ceil(n / 2 + reach) - 1),
  };
}
