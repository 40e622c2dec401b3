import { globMatches } from '../../build/targets';
import { UserError } from '../../base/errors';
import type {
  ProbeFacts,
  SensitivityRequest,
  SensitivityRow,
  SkippedLayer,
} from '../../protocol/sensitivity';
import { type MetricName, metrics } from '../../sensitivity/metrics/index';
import type { ProbeName } from '../../sensitivity/probes';
import { subjectsOf, type UnitSubject } from '../../sensitivity/units';
import type { Layer } from '../../structure/structure';
import { type DamageJudge, damageJudge, usualMetric } from './damage';
import type { SizedModel } from '../models';
import { readProbe } from './probeSteps';

/** What is asked where no probe is named: enough to tell quantization from pruning and mild from harsh, at the cost of four. */
export const usualProbes: readonly ProbeName[] = ['int8', 'int4', 'int2', 'prune50'];

/** Something to ask about. */
export interface Asked {
  readonly subject: UnitSubject;
  readonly facts: Pick<SensitivityRow, 'id' | 'name' | 'part' | 'role' | 'block'>;
  /** Whose weights the probes' steps would make lighter; undefined for more or less than a layer. */
  readonly layer: Layer | undefined;
  /** Those of its unit. */
  readonly probes: readonly ProbeFacts[];
}

/** What a request asks of a model. */
export interface Question {
  readonly probes: readonly ProbeFacts[];
  readonly judge: DamageJudge;
  readonly asked: readonly Asked[];
  readonly skipped: readonly SkippedLayer[];
}

/** Checks a request against the model. Throws `badInput` for probes, metrics and layers that are not there. */
export function questionOf(sized: SizedModel, request: SensitivityRequest): Question {
  const { structure, shapes } = sized;
  const names = request.probes.length > 0 ? request.probes : usualProbes;
  const read = names.map((name) => readProbe(name, structure.layers));
  // One question may be written in several ways.
  const probes = [...new Map(read.map((probe) => [probe.name, probe])).values()];
  const units = [...new Set(probes.map(({ unit }) => unit))];
  const found = units.map((unit) => subjectsOf(structure, shapes, unit));
  const all = found.flatMap(({ subjects }) => subjects.map((each) => askedOf(each, probes)));
  const skipped = found.flatMap((each) => each.skipped);
  const judge = damageJudge(sized, (hasClasses) => metricOf(request.metric, hasClasses));
  refuseAdaptive(request, judge);
  return {
    ...{ probes, judge },
    asked: shardOf(only(all, request.layers), request.shard),
    skipped: eachOnce(skipped.map(({ id, why }) => ({ layer: id, why }))),
  };
}

/** What an adaptive sweep decides on are means of the samples that it has seen. */
function refuseAdaptive({ tier }: SensitivityRequest, { isMean, metric }: DamageJudge): void {
  if (isMean || tier !== 'adaptive') return;
  throw new UserError(
    'badInput',
    `An adaptive sweep cannot be made by ${metric}, which is no mean over samples.`,
    'Make it exact, or take accuracy.',
  );
}

/** A layer and its heads may be left out for the same reason. */
function eachOnce(skipped: readonly SkippedLayer[]): readonly SkippedLayer[] {
  return [...new Map(skipped.map((each) => [`${each.layer} ${each.why}`, each])).values()];
}

function askedOf(subject: UnitSubject, probes: readonly ProbeFacts[]): Asked {
  const { id, name, part, role, block, unit, weight } = subject;
  return {
    subject,
    facts: { id, name, part, role, block: block ?? null },
    layer: unit === 'layer' ? weight?.layer : undefined,
    probes: probes.filter((probe) => probe.unit === unit),
  };
}

/** The metric of that name, or what suits the output. Throws `badInput` for one that is not there. */
export function metricOf(name: string | undefined, hasClasses: boolean): MetricName {
  if (name === undefined) return usualMetric(hasClasses);
  if (Object.hasOwn(metrics, name)) return name as MetricName;
  throw new UserError(
    'badInput',
    `There is no metric “${name}”.`,
    `There are ${Object.keys(metrics).join(', ')}.`,
  );
}

/** Those that any of the patterns means; a pattern that means none is a mistake. */
function only(all: readonly Asked[], patterns: readonly string[] | undefined): readonly Asked[] {
  if (patterns === undefined) return all;
  const means = (pattern: string) => (asked: Asked) => globMatches(pattern, asked.facts.id);
  const idle = patterns.find((pattern) => !all.some(means(pattern)));
  if (idle !== undefined) {
    throw new UserError(
      'badInput',
      `Nothing that can be asked about is called “${idle}”.`,
      `The first ones are ${all
        .slice(0, 3)
        .map(({ facts }) => facts.id)
        .join(', ')}.`,
    );
  }
  return all.filter((asked) => patterns.some((pattern) => means(pattern)(asked)));
}

function shardOf(asked: readonly Asked[], shard: SensitivityRequest['shard']): readonly Asked[] {
  return shard ? asked.filter((_, at) => at % shard.of === shard.index) : asked;
}
