import type { Comparison, KernelProof, LayerChange } from '../protocol/build';
import type { ComparisonView, SchemeKernels } from '../protocol/recipeView';
import { comparisonLines } from './comparisonLines';
import { changedLayers, conditionsLine, furthestOff, kernelNotes } from './comparisonWords';

/** Kernels that are not the wanted ones, and changed layers, that a page lists at most. */
const shown = 50;

/** A comparison as the dashboard shows it; `current` tells whether recipe and candidate are still those that were measured. */
export function comparisonView(comparison: Comparison, current: boolean): ComparisonView {
  const { reference, candidate, kernels, layers, complete, facts } = comparison;
  const misses = kernels.filter((proof) => !proof.ok);
  const count = (kind: LayerChange['change']) =>
    layers.filter(({ change }) => change === kind).length;
  return {
    ...{ reference, candidate, complete, current },
    conditions: conditionsLine(comparison),
    ...(facts ? { facts } : {}),
    lines: comparisonLines(comparison),
    kernels: {
      schemes: schemeKernels(kernels),
      misses: misses.slice(0, shown),
      missCount: misses.length,
      notes: kernelNotes(kernels),
    },
    changes: {
      changed: count('changed'),
      added: count('added'),
      removed: count('removed'),
      same: count('same'),
      shown: changedLayers(comparison).slice(0, shown),
      worst: furthestOff(comparison),
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
