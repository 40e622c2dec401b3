import { version } from '../../package.json';
import type { Sensitivity, SensitivityRequest, SensitivityRow } from '../protocol/sensitivity';
import { metrics } from '../sensitivity/metrics/index';
import { meanWithInterval } from '../tensor/measures';
import { stepBytes } from './probeSteps';
import type { Question, Skipped } from './sensitivityQuestion';
import type { Finished } from './sensitivityTiers';

/** What a result says besides its rows. */
export interface ResultFacts {
  readonly request: SensitivityRequest;
  readonly question: Question;
  /** Besides what the question leaves out. */
  readonly skipped: readonly Skipped[];
  readonly sha256: string;
  readonly data: {
    readonly name: string;
    readonly samples: number;
    /** Of everything that the model is fed. */
    readonly sha256: string;
  };
  readonly notes: readonly string[];
  readonly complete: boolean;
  readonly seconds: number;
  readonly reused: number;
}

/** A finished row as results have it: mean and 95 % interval of its scores. */
export function rowOf({ asked, probe, scores, settled }: Finished): SensitivityRow {
  const { mean, halfWidth } = meanWithInterval(scores);
  const step = asked.probes.find(({ name }) => name === probe)?.step ?? null;
  return {
    ...asked.facts,
    probe,
    damage: mean,
    low: Math.max(0, mean - halfWidth),
    high: mean + halfWidth,
    samples: scores.length,
    settled,
    bytes: asked.layer ? stepBytes(step, asked.layer) : null,
  };
}

/** Rows with everything that they stand on, in the order of the model. */
export function resultOf(rows: readonly SensitivityRow[], facts: ResultFacts): Sensitivity {
  const { request, question, sha256, data, notes, complete, seconds, reused } = facts;
  const { probes, judge } = question;
  const { title, unit } = metrics[judge.metric];
  return {
    featherweight: version,
    model: { file: request.file, sha256 },
    metric: { name: judge.metric, title, unit },
    tier: request.tier ?? 'exact',
    ...{ data: data.name, dataSha256: data.sha256, samples: data.samples },
    probes: [...probes],
    layers: inOrder(rows, question),
    ...{ hints: [], propagation: [], skipped: [...question.skipped, ...facts.skipped] },
    ranking: probes.map(({ name }) => ({ probe: name, layers: ranked(rows, name) })),
    shard: request.shard ?? null,
    ...{ notes: [...notes], complete, seconds, reused },
  };
}

function inOrder(rows: readonly SensitivityRow[], { asked, probes }: Question): SensitivityRow[] {
  const place = new Map(asked.map(({ facts }, at) => [facts.id, at]));
  const column = new Map(probes.map(({ name }, at) => [name, at]));
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
