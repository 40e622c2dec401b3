import { version } from '../../../package.json';
import type { DataFacts } from '../../base/dataKinds';
import { rankingOf, type ScoredRow, stabilityOf } from '../../protocol/ranking';
import type {
  PropagationRow,
  Sensitivity,
  SensitivityHint,
  SensitivityRequest,
  SensitivityRow,
  SkippedLayer,
} from '../../protocol/sensitivity';
import { metrics } from '../../sensitivity/metrics/index';
import { meanWithInterval } from '../../tensor/measures';
import { stepBytes } from './probeSteps';
import type { Question } from './question';
import type { Finished } from './tiers';

/** What the model is fed. */
export interface FedData {
  readonly name: string;
  readonly samples: number;
  readonly facts: DataFacts;
  /** Of everything that it is fed. */
  readonly sha256: string;
}

/** A finished row as results have it, and the scores of the samples that it stands on. */
export interface FoundRow {
  readonly told: SensitivityRow;
  readonly scores: readonly number[];
  /** Numbers of the samples; all in their order where it is undefined. */
  readonly samples: readonly number[] | undefined;
}

/** What has been found out so far; grows while a request is answered. */
export interface Findings {
  readonly request: SensitivityRequest;
  readonly question: Question;
  /** Of the model's file. */
  readonly sha256: string;
  /** That the request has taken. */
  readonly seconds: () => number;
  /** By `rowKey`. */
  readonly rows: Map<string, FoundRow>;
  readonly hints: SensitivityHint[];
  readonly propagation: PropagationRow[];
  /** Besides what the question leaves out. */
  readonly skipped: SkippedLayer[];
  readonly notes: string[];
  /** What went otherwise than it should with what is kept, told by each that keeps. */
  readonly keepers: (() => readonly string[])[];
  /** Null as long as nothing was run. */
  data: FedData | null;
  reused: number;
}

/** Nothing yet. */
export function emptyFindings(
  question: Question,
  request: SensitivityRequest,
  facts: Pick<Findings, 'sha256' | 'seconds'>,
): Findings {
  return {
    ...{ question, request, ...facts, keepers: [], data: null, reused: 0 },
    ...{ rows: new Map(), hints: [], propagation: [], skipped: [], notes: [] },
  };
}

/** A finished row as results have it: mean and 95 % interval of its scores. A single score has none, and settles nothing. */
export function rowOf({ asked, probe, scores, settled, estimate }: Finished): SensitivityRow {
  const { mean, halfWidth } = estimate ?? meanWithInterval(scores);
  const reach = Number.isFinite(halfWidth) ? halfWidth : 0;
  const step = asked.probes.find(({ name }) => name === probe)?.step ?? null;
  return {
    ...asked.facts,
    probe,
    damage: mean,
    // Few metrics know what is better than the model itself.
    low: scores.some((score) => score < 0) ? mean - reach : Math.max(0, mean - reach),
    high: mean + reach,
    samples: scores.length,
    settled: settled && scores.length > 1,
    bytes: asked.layer ? stepBytes(step, asked.layer) : null,
  };
}

/** What tells one row from another. */
export const rowKey = ({ id, probe }: Pick<SensitivityRow, 'id' | 'probe'>) => `${probe} ${id}`;

/** Everything found with what it stands on, in the order of the model. How stable rankings are is told of what is complete. */
export function resultOf(findings: Findings, complete: boolean): Sensitivity {
  const { request, question, sha256, data, notes, keepers, reused } = findings;
  const found = [...findings.rows.values()];
  const rows = found.map(({ told, scores, samples }) =>
    complete && request.shard && !samples ? { ...told, scores: [...scores] } : told,
  );
  const { probes, judge } = question;
  const { title, unit } = metrics[judge.metric];
  return {
    featherweight: version,
    model: { file: request.file, sha256 },
    metric: { name: judge.metric, title, unit },
    tier: request.tier ?? 'exact',
    ...{ data: data?.name ?? '', dataSha256: data?.sha256 ?? null, samples: data?.samples ?? 0 },
    ...(data ? { facts: data.facts } : {}),
    probes: [...probes],
    layers: inOrder(rows, question),
    ...{ hints: [...findings.hints], propagation: inOrder(findings.propagation, question) },
    skipped: [...question.skipped, ...findings.skipped],
    ranking: rankingOf(rows, probes),
    stability: complete
      ? stabilityOf(
          probes.flatMap(({ name }) => alike(found.filter(({ told }) => told.probe === name))),
          probes,
        )
      : [],
    shard: request.shard ?? null,
    notes: [...new Set([...notes, ...keepers.flatMap((notesOf) => notesOf())])],
    ...{ complete, seconds: findings.seconds(), reused },
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** Rows of one probe with the scores of the samples that all of them have: what an adaptive sweep spends differs from row to row. */
function alike(rows: readonly FoundRow[]): ScoredRow[] {
  const fewest = rows
    .map(({ samples }) => samples)
    .reduce(
      (least, own) => (own && own.length < (least?.length ?? Infinity) ? own : least),
      undefined,
    );
  const places = rows.map(
    ({ samples }) => samples && new Map(samples.map((sample, at) => [sample, at])),
  );
  const common = fewest?.filter((sample) => places.every((own) => !own || own.has(sample)));
  return rows.map(({ told: { probe }, scores }, row) => ({
    probe,
    scores: common?.map((sample) => scores[places[row]?.get(sample) ?? sample] ?? 0) ?? scores,
  }));
}

function inOrder<T extends Pick<SensitivityRow, 'id' | 'probe'>>(
  rows: readonly T[],
  { asked, probes }: Question,
): T[] {
  const place = new Map(asked.map(({ facts }, at) => [facts.id, at]));
  const column = new Map(probes.map(({ name }, at) => [name, at]));
  const keyOf = ({ id, probe }: T) =>
    (place.get(id) ?? 0) * probes.length + (column.get(probe) ?? 0);
  return [...rows].sort((a, b) => keyOf(a) - keyOf(b));
}
