import { version } from '../../package.json';
import type { Sensitivity, SensitivityRequest, SensitivityRow } from '../protocol/sensitivity';
import { metrics } from '../sensitivity/metrics/index';
import type { ProbeName } from '../sensitivity/probes';
import { meanWithInterval } from '../tensor/measures';
import { probeBytes, probeFacts } from './probeSteps';
import type { Question } from './sensitivityQuestion';
import type { Finished } from './sensitivityTiers';

/** What a result says besides its rows. */
export interface ResultFacts {
  readonly request: SensitivityRequest;
  readonly question: Question;
  readonly sha256: string;
  /** Name and number of samples. */
  readonly data: { readonly name: string; readonly samples: number };
  readonly notes: readonly string[];
  readonly complete: boolean;
  readonly seconds: number;
  readonly reused: number;
}

/** A finished row as results have it: mean and 95 % interval of its scores. */
export function rowOf({ asked, probe, scores, settled }: Finished): SensitivityRow {
  const { mean, halfWidth } = meanWithInterval(scores);
  return {
    ...asked.facts,
    probe,
    damage: mean,
    low: Math.max(0, mean - halfWidth),
    high: mean + halfWidth,
    samples: scores.length,
    settled,
    bytes: asked.layer ? probeBytes(probe as ProbeName, asked.layer) : null,
  };
}

/** Rows with everything that they stand on, in the order of the model. */
export function resultOf(rows: readonly SensitivityRow[], facts: ResultFacts): Sensitivity {
  const { request, question, sha256, data, notes, complete, seconds, reused } = facts;
  const { probes, judge, skipped } = question;
  const { title, unit } = metrics[judge.metric];
  return {
    featherweight: version,
    model: { file: request.file, sha256 },
    metric: { name: judge.metric, title, unit },
    tier: request.tier ?? 'exact',
    ...{ data: data.name, samples: data.samples },
    probes: probes.map(probeFacts),
    layers: inOrder(rows, question),
    ...{ hints: [], propagation: [], skipped: [...skipped] },
    ranking: probes.map((probe) => ({ probe, layers: ranked(rows, probe) })),
    shard: request.shard ?? null,
    ...{ notes: [...notes], complete, seconds, reused },
  };
}

function inOrder(rows: readonly SensitivityRow[], { asked, probes }: Question): SensitivityRow[] {
  const place = new Map(asked.map(({ facts }, at) => [facts.id, at]));
  const column = new Map<string, number>(probes.map((probe, at) => [probe, at]));
  const keyOf = ({ id, probe }: SensitivityRow) =>
    (place.get(id) ?? 0) * probes.length + (column.get(probe) ?? 0);
  return [...rows].sort((a, b) => keyOf(a) - keyOf(b));
}

function ranked(rows: readonly SensitivityRow[], probe: string): string[] {
  return rows
    .filter((row) => row.probe === probe)
    .sort((a, b) => b.damage - a.damage)
    .map((row) => row.id);
}
