import { halvesAgreement } from '../base/ranks';
import type { ProbeFacts, RankStability, Sensitivity, SensitivityRow } from './sensitivity';

/** For every probe the ids of its rows, those that suffer most first; equal ones as they stand. */
export function rankingOf(
  rows: readonly SensitivityRow[],
  probes: readonly ProbeFacts[],
): Sensitivity['ranking'] {
  return probes.map(({ name }) => ({
    probe: name,
    layers: rows
      .filter(({ probe }) => probe === name)
      .sort((a, b) => b.damage - a.damage)
      .map(({ id }) => id),
  }));
}

/** A row's scores by sample. */
export interface ScoredRow {
  readonly probe: string;
  readonly scores: readonly number[];
}

/** For every probe how far its ranking hangs on the samples; only where all of its rows were measured on the same number of them. */
export function stabilityOf(
  rows: readonly ScoredRow[],
  probes: readonly ProbeFacts[],
): RankStability[] {
  return probes.flatMap(({ name }) => {
    const own = rows.flatMap(({ probe, scores }) => (probe === name ? [scores] : []));
    const found = halvesAgreement(own);
    if (!found) return [];
    const { median, low, high } = found;
    const samples = own[0]?.length ?? 0;
    return [{ probe: name, rows: own.length, samples, spearman: median, low, high }];
  });
}
