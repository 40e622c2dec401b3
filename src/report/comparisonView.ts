import type { Comparison, KernelProof } from '../protocol/build';
import type { ComparisonView, SchemeKernels } from '../protocol/recipeView';
import { comparisonLines } from './comparisonLines';

/** Kernels that are not the wanted ones, and changed layers, that a page lists at most. */
const shown = 50;

/** A comparison as the dashboard shows it; `current` tells whether recipe and candidate are still those that were measured. */
export function comparisonView(comparison: Comparison, current: boolean): ComparisonView {
  const { reference, candidate, data, samples, leftOut, kernels, layers, complete } = comparison;
  const misses = kernels.filter((proof) => !proof.ok);
  const changes = layers.filter(({ change }) => change !== 'same');
  const saved = ({ bytes }: (typeof layers)[number]) => bytes.reference - bytes.candidate;
  const count = (kind: string) => layers.filter(({ change }) => change === kind).length;
  return {
    ...{ reference, candidate, data, samples, leftOut, complete, current },
    lines: comparisonLines(comparison),
    kernels: {
      schemes: schemeKernels(kernels),
      misses: misses.slice(0, shown),
      missCount: misses.length,
    },
    changes: {
      changed: count('changed'),
      added: count('added'),
      removed: count('removed'),
      same: count('same'),
      shown: changes.sort((a, b) => saved(b) - saved(a)).slice(0, shown),
    },
  };
}

function schemeKernels(kernels: readonly KernelProof[]): SchemeKernels[] {
  const schemes = new Map<string, SchemeKernels>();
  for (const { scheme, ok } of kernels) {
    const known = schemes.get(scheme) ?? { scheme, ok: 0, total: 0 };
    schemes.set(scheme, { scheme, ok: known.ok + Number(ok), total: known.total + 1 });
  }
  return [...schemes.values()].sort((a, b) => b.total - a.total);
}
