import type { RankStability, Sensitivity } from '../../protocol/sensitivity';
import { listed } from '../facts';

/** More probes than this are said by their extremes. */
const mostSaid = 4;

/**
 * "Rankings by two halves of the 128 samples correlate by 0.96 (0.91 to 0.98) under int8 weights and 0.93 (0.88 to 0.96) under 4-bit weights –
 * Spearman, 95 % of the ways of halving." Undefined where that is not known.
 */
export function stabilityText({
  stability,
  probes,
}: Pick<Sensitivity, 'stability' | 'probes'>): string | undefined {
  const sorted = [...stability].sort((a, b) => a.spearman - b.spearman);
  const [least] = sorted;
  const most = sorted.at(-1);
  if (!least || !most) return undefined;
  const said = ({ probe, spearman, low, high }: RankStability) => {
    const title = probes.find(({ name }) => name === probe)?.title ?? probe;
    return `${spearman.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) under ${title}`;
  };
  const ways =
    stability.length > mostSaid
      ? `from ${said(least)} to ${said(most)}`
      : `by ${listed(stability.map(said), mostSaid)}`;
  const samples = least.samples === most.samples ? `${least.samples} ` : '';
  return `Rankings by two halves of the ${samples}samples correlate ${ways} – Spearman, 95 % of the ways of halving.`;
}
