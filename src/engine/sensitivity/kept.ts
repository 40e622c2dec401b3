import { version } from '../../../package.json';
import type { SensitivityRequest } from '../../protocol/sensitivity';
import { adaptiveKey, type ScoresBySample } from '../../sensitivity/adaptive';
import { hashOf } from '../fileHash';
import { modelFiles } from '../modelBytes';
import type { SizedModel } from '../models';
import { type KeptRow, SensitivityCache } from './cache';
import type { Question } from './question';
import { type FedData, type FoundRow, rowKey, rowOf } from './result';
import type { Finished } from './tiers';

/** Rows from earlier sweeps of the same question, and the place for those of this one. */
export interface KeptRows {
  /** Those that answer the question as they are. */
  readonly rows: readonly FoundRow[];
  readonly has: (id: string, probe: string) => boolean;
  /** Scores of samples that an adaptive sweep need not measure again, by `adaptiveKey`. */
  readonly known: ReadonlyMap<string, ScoresBySample>;
  /** Whether a row stands on scores that were kept alone. */
  readonly knows: (row: Finished) => boolean;
  readonly add: (row: Finished) => void;
  /** What went otherwise than it should with keeping them, a sentence each. */
  readonly notes: () => readonly string[];
}

/**
 * What is kept of rows that stand on the same version, model, inputs, metric and output. Scores are kept by sample, whatever tier has spent
 * them: an exact sweep takes the rows that have all samples, an adaptive one goes on from what there is of each.
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
  const scores = new SensitivityCache(folder, standsOn);
  const whole = rowsIn(scores, question, ({ samples }) => samples === undefined);
  const { length: all } = rowsAsked(question);
  if (tier !== 'adaptive' || whole.length === all) return wholeRows(scores, whole);
  const settled = new SensitivityCache(folder, [...standsOn, ...settling(request, question)]);
  const answered = rowsIn(settled, question, () => true);
  if (answered.length === all) return wholeRows(settled, answered);
  return growingRows(scores, settled, question, data.samples);
}

/** What everything that is kept stands on: the version, the model and what it is fed. */
export function basisOf(sized: SizedModel, { sha256 }: Pick<FedData, 'sha256'>): string[] {
  return [version, ...modelFiles(sized).map(hashOf), sha256];
}

/** What hangs on all rows of an adaptive sweep, and on its choice of samples: which rows are settled. */
function settling({ limit, seed }: SensitivityRequest, question: Question): string[] {
  return ['adaptive', String(limit), String(seed), ...rowsAsked(question).map(rowKey)];
}

const rowsAsked = ({ asked }: Question) =>
  asked.flatMap((each) =>
    each.probes.map(({ name }) => ({ asked: each, id: each.facts.id, probe: name })),
  );

function rowsIn(
  cache: SensitivityCache,
  question: Question,
  counts: (row: KeptRow) => boolean,
): FoundRow[] {
  return rowsAsked(question).flatMap(({ asked, id, probe }) => {
    const kept = cache.row(id, probe);
    if (!kept || !counts(kept)) return [];
    const { scores, samples } = kept;
    return [{ told: rowOf({ ...kept, asked, settled: true }), scores, samples }];
  });
}

/** Rows of all samples: each is finished when it is added. */
function wholeRows(cache: SensitivityCache, rows: readonly FoundRow[]): KeptRows {
  const known = new Set(rows.map(({ told }) => rowKey(told)));
  return {
    ...{ rows, known: new Map(), knows: () => false },
    has: (id, probe) => known.has(rowKey({ id, probe })),
    add: ({ asked: { facts }, probe, scores }) => cache.add({ id: facts.id, probe, scores }),
    notes: () => cache.notes(),
  };
}

/** Rows that are added again whenever more of their samples are known; those that are settled answer the same question the next time. */
function growingRows(
  scores: SensitivityCache,
  settled: SensitivityCache,
  question: Question,
  all: number,
): KeptRows {
  const known = new Map<string, ScoresBySample>();
  for (const { asked, id, probe } of rowsAsked(question)) {
    const row = scores.row(id, probe);
    if (row) known.set(adaptiveKey(asked.subject, probe), bySample(row));
  }
  const knows = ({ asked: { subject }, probe, scores: spent }: Finished) =>
    spent.length <= (known.get(adaptiveKey(subject, probe))?.size ?? 0);
  return {
    ...{ rows: [], has: () => false, known, knows },
    add: (row) => {
      const { asked, probe, estimate, settled: isSettled } = row;
      const bare = { id: asked.facts.id, probe, scores: row.scores };
      const isWhole = row.samples === undefined || row.scores.length === all;
      const own = isWhole ? bare : { ...bare, samples: row.samples };
      if (isSettled) settled.add({ ...own, ...(estimate ? { estimate } : {}) });
      if (!knows(row)) scores.add(own);
    },
    notes: () => [...scores.notes(), ...settled.notes()],
  };
}

const bySample = ({ scores, samples }: KeptRow): ScoresBySample =>
  new Map(scores.map((score, at) => [samples?.[at] ?? at, score]));
