import { version } from '../../../package.json';
import type { SensitivityRequest } from '../../protocol/sensitivity';
import { hashOf } from '../fileHash';
import { modelFiles } from '../modelBytes';
import type { SizedModel } from '../models';
import { SensitivityCache } from './cache';
import type { Question } from './question';
import { type FedData, type FoundRow, rowKey, rowOf } from './result';
import type { Finished } from './tiers';

/** Rows from earlier sweeps of the same question, and the place for those of this one. */
export interface KeptRows {
  readonly rows: readonly FoundRow[];
  readonly has: (id: string, probe: string) => boolean;
  readonly add: (row: Finished) => void;
  /** What went otherwise than it should with keeping them, a sentence each. */
  readonly notes: () => readonly string[];
}

/**
 * What is kept of rows that stand on the same version, model, inputs, metric and output. A row of an adaptive sweep stands on all others of
 * its question: it is taken only where all of them are there, and never for an exact one.
 */
export function keptFor(
  sized: SizedModel,
  request: SensitivityRequest,
  question: Question,
  data: FedData,
): KeptRows {
  const { cache: folder, tier = 'exact' } = request;
  const { metric, output } = question.judge;
  const standsOn = folder === undefined ? [] : [...basisOf(sized, data), metric, output];
  const exact = keptIn(new SensitivityCache(folder, standsOn, data.samples), question);
  if (tier !== 'adaptive') return exact;
  const all = question.asked.reduce((sum, { probes }) => sum + probes.length, 0);
  if (exact.rows.length === all) return exact;
  const own = new SensitivityCache(folder, [...standsOn, ...adaptiveKey(request, question)]);
  const kept = keptIn(own, question);
  return kept.rows.length === all ? kept : { ...kept, rows: [], has: () => false };
}

/** What everything that is kept stands on: the version, the model and what it is fed. */
export function basisOf(sized: SizedModel, { sha256 }: Pick<FedData, 'sha256'>): string[] {
  return [version, ...modelFiles(sized).map(hashOf), sha256];
}

/** What an adaptive sweep's choice of samples hangs on besides. */
function adaptiveKey({ limit, seed }: SensitivityRequest, { asked }: Question): string[] {
  const rows = asked.flatMap(({ facts: { id }, probes }) => [
    id,
    ...probes.map(({ name }) => name),
  ]);
  return ['adaptive', String(limit), String(seed), ...rows];
}

function keptIn(cache: SensitivityCache, { asked }: Question): KeptRows {
  const rows = asked.flatMap((each) =>
    each.probes.flatMap(({ name }) => {
      const kept = cache.row(each.facts.id, name);
      if (!kept) return [];
      return [{ told: rowOf({ ...kept, asked: each, settled: true }), scores: kept.scores }];
    }),
  );
  const known = new Set(rows.map(({ told }) => rowKey(told)));
  return {
    rows,
    has: (id, probe) => known.has(rowKey({ id, probe })),
    add: ({ asked: { facts }, probe, scores, settled, estimate }) => {
      if (settled) cache.add({ id: facts.id, probe, scores, ...(estimate ? { estimate } : {}) });
    },
    notes: () => cache.notes(),
  };
}
