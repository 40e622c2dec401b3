import type { Metric, OutputPair } from './metric';

/** Scores of samples batch by batch, also by metrics that can tell them only when they have seen all. */
export interface Scorer {
  /** Whether what `note` gives are the scores themselves. */
  readonly isMean: boolean;
  /** A number for each sample of a batch. Throws as the metric does. */
  note(pair: OutputPair): readonly number[];
  /** The samples' scores, whose mean is the damage, from all that was noted for them; each of it can be settled once. */
  settle(noted: readonly number[]): readonly number[];
}

/** A scorer by that metric. */
export function scorerOf(metric: Metric): Scorer {
  if ('score' in metric) {
    return { isMean: true, note: (pair) => metric.score(pair), settle: (noted) => noted };
  }
  // Sweeps carry one number for each sample: here, the number under which its evidence lies.
  const kept = new Map<number, unknown>();
  let next = 0;
  return {
    isMean: false,
    note: (pair) =>
      metric.evidence(pair).map((evidence) => {
        kept.set(next, evidence);
        return next++;
      }),
    settle(noted) {
      const evidence = noted.map((number) => kept.get(number));
      for (const number of noted) kept.delete(number);
      return metric.scores(evidence);
    },
  };
}
