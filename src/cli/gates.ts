import { formatBytes, formatRatio, formatSmall } from '../base/format';
import type { Comparison } from '../protocol/build';

/** A file's size, or its share of the original's. */
export type SizeLimit = { readonly bytes: number } | { readonly share: number };

/** What a candidate must keep to. */
export interface Limits {
  readonly maxKl?: number;
  readonly minAgreement?: number;
  readonly maxBytes?: SizeLimit;
  readonly minSpeedup?: number;
  readonly allKernels?: boolean;
}

/** One sentence for every limit that is not kept; one that could not be measured is not kept. */
export function brokenLimits(comparison: Comparison, limits: Limits): string[] {
  const { kl, agreement, kernels, latency } = comparison;
  const { maxKl, minAgreement, maxBytes, minSpeedup, allKernels } = limits;
  const missed = kernels.filter(({ ok }) => !ok).length;
  return [
    maxKl !== undefined && !((kl?.mean ?? NaN) <= maxKl)
      ? `The divergence is ${formatSmall(kl?.mean)}, above ${formatSmall(maxKl)}.`
      : '',
    minAgreement !== undefined && !((agreement?.mean ?? NaN) >= minAgreement)
      ? `The agreement is ${percent(agreement?.mean)}, below ${percent(minAgreement)}.`
      : '',
    maxBytes === undefined ? '' : sizeProblem(comparison, maxBytes),
    minSpeedup !== undefined && !(latency.ratio >= minSpeedup)
      ? `It is ${formatRatio(latency.ratio)} times as fast, below ${formatRatio(minSpeedup)}.`
      : '',
    allKernels && missed > 0
      ? `${missed} of ${kernels.length} compressed layers do not run their fast kernel.`
      : '',
  ].filter((problem) => problem !== '');
}

function sizeProblem({ bytes: { reference, candidate } }: Comparison, limit: SizeLimit): string {
  const most = 'bytes' in limit ? limit.bytes : limit.share * reference;
  return candidate <= most
    ? ''
    : `It takes ${formatBytes(candidate)} (${percent(candidate / reference)} of the original), above ${formatBytes(most)}.`;
}

const percent = (share: number | undefined): string =>
  share === undefined ? 'not known' : `${(share * 100).toFixed(1)} %`;
