import { version } from '../../../package.json';
import { planChoiceOf, type PlanChoiceName } from '../../build/plan/choices';
import type { KeptScores } from '../../build/plan/options';
import type { PlanFigures } from '../../protocol/plan';
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
  /** Path. */
  readonly model: string;
  /** What tells one content of the data from another. */
  readonly data: string;
  readonly preparations: readonly Step[];
  readonly metric: string;
  readonly output: string;
  /** Samples that single layers, and whole plans, are scored on. */
  readonly samples: number;
  readonly joint: number;
  readonly calibration: number;
  /** Whether the whole is timed, and how. */
  readonly timing: string;
}

/** Opens what is kept in `folder`; undefined keeps it for this plan only. */
export function openKept(folder: string | undefined, on: StandsOn): PlanKept {
  const model = [version, hashOf(on.model), bare(on.preparations)];
  const data = [on.data, on.metric, on.output, String(on.calibration)];
  const scores = new SensitivityCache(
    folder,
    ['plan', ...model, ...data, String(on.samples)],
    on.samples,
  );
  const times = new SensitivityCache(folder, ['plan times', ...model, on.timing], 1);
  const tried = new SensitivityCache(
    folder,
    ['plan tried', ...model, ...data, String(on.joint), on.timing],
    5,
  );
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

/** Unknown figures are −1: none can be negative. */
function rowOf({ figures, unseen }: Tried): number[] {
  const { bytes, damage, latencyMs, speed } = figures;
  return [bytes, damage, latencyMs ?? -1, speed ?? -1, unseen ?? -1];
}

function triedOf(row: readonly number[] | undefined): Tried | undefined {
  if (!row) return undefined;
  const [bytes = 0, damage = 0, latencyMs = -1, speed = -1, unseen = -1] = row;
  const known = (value: number) => (value < 0 ? null : value);
  const figures: PlanFigures = { bytes, damage, latencyMs: known(latencyMs), speed: known(speed) };
  return { figures, unseen: known(unseen) ?? undefined };
}
