import type { Comparison } from '../protocol/build';
import type { CandidateView } from '../protocol/sensitivity';

type Damage = Pick<CandidateView, 'damage' | 'interval'>;

/** What the damage of a candidate may be measured by: the first one that every comparison has. */
const measures = {
  'KL divergence': ({ kl }: Comparison): Damage | null =>
    kl && { damage: kl.mean, interval: { low: kl.low, high: kl.high } },
  NMSE: ({ sqnrDb, maxError }: Comparison): Damage | null => {
    if (sqnrDb !== null) return { damage: 10 ** (-sqnrDb / 10), interval: null };
    return maxError === 0 ? { damage: 0, interval: null } : null;
  },
} as const;

/** Of outputs that none of the measures fits. */
const unmeasured: Damage = { damage: null, interval: null };

/**
 * The original and everything that was measured against it, in the order of the comparisons: of those of one file the last counts.
 * Empty where none is finished. What the damage is measured by is the same for all.
 */
export function candidateViews(comparisons: readonly Comparison[]): CandidateView[] {
  const finished = new Map<string, Comparison>();
  for (const comparison of comparisons) {
    if (comparison.complete) finished.set(comparison.candidate, comparison);
  }
  const all = [...finished.values()];
  const last = all.at(-1);
  if (!last) return [];
  const [metric, measure] = measureFor(all);
  const original: CandidateView = {
    ...{ name: baseName(last.reference), file: last.reference, isOriginal: true },
    ...{ bytes: last.bytes.reference, damage: 0, interval: null, speed: 1 },
    ...{ accuracy: last.accuracy?.reference ?? null, metric },
    ...{ data: last.data, samples: last.samples },
  };
  const views = all.map((one) => ({
    ...{ name: baseName(one.candidate), file: one.candidate, isOriginal: false },
    ...{ bytes: one.bytes.candidate, ...(measure(one) ?? unmeasured), speed: one.latency.ratio },
    ...{ accuracy: one.accuracy?.candidate ?? null, metric },
    ...{ data: one.data, samples: one.samples },
  }));
  return [original, ...views];
}

function measureFor(all: readonly Comparison[]) {
  const kl = measures['KL divergence'];
  return all.every((one) => kl(one) !== null)
    ? (['KL divergence', kl] as const)
    : (['NMSE', measures.NMSE] as const);
}

const baseName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;
