import type { CandidateView } from '../src/protocol/sensitivity';

/** A candidate whose damage and other figure are both known. */
export interface Placed {
  readonly candidate: CandidateView;
  /** Bytes, or how many times as fast. */
  readonly x: number;
  readonly damage: number;
  /** Whether it stands on other data than most do: its damage does not compare. */
  readonly isOdd: boolean;
}

/** The candidates that can stand in the chart, the lightest or slowest first. */
export function placed(candidates: readonly CandidateView[], bySpeed: boolean): readonly Placed[] {
  const common = commonBasis(candidates);
  return candidates
    .flatMap((candidate): Placed[] => {
      const x = bySpeed ? candidate.speed : candidate.bytes;
      const { damage, isOriginal } = candidate;
      if (x === null || damage === null) return [];
      return [{ candidate, x, damage, isOdd: !isOriginal && basisOf(candidate) !== common }];
    })
    .sort((a, b) => a.x - b.x);
}

/**
 * Those that no other one beats in both, from the least damage on: nothing is smaller, or faster, without hurting more. What stands on other
 * data takes no part.
 */
export function frontier(points: readonly Placed[], bySpeed: boolean): readonly Placed[] {
  const better = bySpeed ? (a: number, b: number) => a > b : (a: number, b: number) => a < b;
  const own = points.filter(({ isOdd }) => !isOdd);
  const beats = (a: Placed, b: Placed) =>
    a !== b &&
    a.damage <= b.damage &&
    !better(b.x, a.x) &&
    (a.damage < b.damage || better(a.x, b.x));
  return own
    .filter((point) => !own.some((other) => beats(other, point)))
    .sort((a, b) => a.damage - b.damage);
}

/** One of the candidates that stand on the same as most. */
export function commonest(candidates: readonly CandidateView[]): CandidateView | undefined {
  const common = commonBasis(candidates);
  return candidates.find((one) => !one.isOriginal && basisOf(one) === common);
}

const basisOf = ({ data, samples, metric }: CandidateView) => [data, samples, metric].join('\n');

/** Data, samples and metric of most candidates; of as many, those measured last. */
function commonBasis(candidates: readonly CandidateView[]): string | undefined {
  const counts = new Map<string, number>();
  for (const candidate of candidates.filter(({ isOriginal }) => !isOriginal)) {
    const basis = basisOf(candidate);
    counts.set(basis, (counts.get(basis) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  return [...counts].filter(([, count]) => count === most).at(-1)?.[0];
}
