import { version } from '../../../package.json';
import { planChoiceOf, type PlanChoiceName } from '../../build/plan/choices';
import type { KeptScores } from '../../build/plan/options';
import type { Interval } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import { hashOf } from '../fileHash';
import type { KeptTimes } from './latency';
import type { Tried } from './trial';
import { SensitivityCache } from '../sensitivity/cache';

/** What planning keeps from one plan of a model to the next. */
export interface PlanKept {
  readonly scores: KeptScores;
  readonly times: KeptTimes;
  /** Of whole plans, by their steps. */
  readonly tried: {
    get(steps: readonly Step[]): Tried | undefined;
    add(steps: readonly Step[], tried: Tried): void;
  };
}

/** What kept figures stand on. */
export interface StandsOn {
  /** Paths of the model's file and of those of its weights. */
  readonly files: readonly string[];
  /** What tells one content of the data from another. */
  readonly data: string;
  readonly preparations: readonly Step[];
  readonly metric: string;
  readonly output: string;
  /** Of single layers, where it is another than `metric`, which whole plans are scored by. */
  readonly layerMetric: string;
  /** Samples that single layers are scored on. */
  readonly samples: number;
  /** How the data is divided. */
  readonly parts: string;
  /** Whether the whole is timed, and how. */
  readonly timing: string;
}

/** Opens what is kept in `folder`; undefined keeps it for this plan only. */
export function openKept(folder: string | undefined, on: StandsOn): PlanKept {
  const model = [version, ...on.files.map(hashOf), bare(on.preparations)];
  const data = [on.data, on.output, on.parts];
  const scores = new SensitivityCache(
    folder,
    ['plan', ...model, ...data, on.layerMetric, String(on.samples)],
    on.samples,
  );
  const times = new SensitivityCache(folder, ['plan times', ...model, on.timing], 1);
  const tried = new SensitivityCache(folder, [
    ...['plan tried', ...model, ...data, on.metric, on.timing],
  ]);
  return {
    scores: {
      get: (id, choice) => scores.get(id, probeOf(choice)),
      add: (id, choice, values) => scores.add({ id, probe: probeOf(choice), scores: values }),
    },
    times: {
      get: (key) => times.get('time', key)?.[0],
      add: (key, ms) => times.add({ id: 'time', probe: key, scores: [ms] }),
    },
    tried: {
      get: (steps) => triedOf(tried.get('plan', bare(steps))),
      add: (steps, found) => tried.add({ id: 'plan', probe: bare(steps), scores: rowOf(found) }),
    },
  };
}

/** A choice by what it does: another version of the table does not take over its figures. */
function probeOf(choice: PlanChoiceName): string {
  return `${choice} ${JSON.stringify(planChoiceOf(choice).step ?? {})}`;
}

/** Steps without what is said about them. */
const bare = (steps: readonly Step[]): string =>
  JSON.stringify(steps.map(({ action, targets, params = {} }) => [action, targets, params]));

/** A damage with its interval, then those of what nothing has seen and of time, as far as they are there: which are is told first. */
function rowOf({ figures, unseen }: Tried): number[] {
  const { bytes, damage, latencyMs, speed, intervals } = figures;
  const time =
    latencyMs !== null && speed !== null && intervals.latencyMs && intervals.speed
      ? [latencyMs, ...ends(intervals.latencyMs), speed, ...ends(intervals.speed)]
      : [];
  return [
    ...[Number(unseen !== undefined), Number(time.length > 0)],
    ...[bytes, damage, ...ends(intervals.damage)],
    ...(unseen ? [unseen.damage, ...ends(unseen)] : []),
    ...time,
  ];
}

const ends = ({ low, high }: Interval): number[] => [low, high];

function triedOf(row: readonly number[] | undefined): Tried | undefined {
  if (!row) return undefined;
  const [hasUnseen = 0, hasTime = 0, bytes = 0, ...rest] = row;
  const next = () => rest.shift() ?? Number.NaN;
  const triple = () => ({ value: next(), interval: { low: next(), high: next() } });
  const damage = triple();
  const unseen = hasUnseen ? triple() : undefined;
  const [latency, speed] = hasTime ? [triple(), triple()] : [];
  const intervals = {
    damage: damage.interval,
    latencyMs: latency?.interval ?? null,
    speed: speed?.interval ?? null,
  };
  return {
    figures: {
      ...{ bytes, damage: damage.value, intervals },
      ...{ latencyMs: latency?.value ?? null, speed: speed?.value ?? null },
    },
    unseen: unseen && { damage: unseen.value, ...unseen.interval },
  };
}
