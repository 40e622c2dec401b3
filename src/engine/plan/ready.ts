import { type ActionName, actionOf, isActionName } from '../../actions/index';
import { readStep } from '../../build/apply';
import { isOfTime, planChoices } from '../../build/plan/choices';
import type { PlanGroup } from '../../build/plan/groups';
import { selectLayers } from '../../build/targets';
import type { PlanLimit, PlannedLayer } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import { readyRecipeNames, readyRecipeOf } from '../../recipe/ready';
import { schemeNames, schemeOf, schemeSteps } from '../../recipe/schemes';
import { traitsOf } from '../../recipe/traits';
import type { Layer } from '../../structure/structure';
import { inspect } from '../inspect';
import { modelBytes } from '../modelBytes';
import type { SizedModel } from '../models';
import { plannedGroups } from './measure';

/** A ready scheme or recipe, as one that a plan must not be worse than. */
export interface Ready {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Bytes of the files it makes, by what its layers' weights will take. */
  readonly bytes: number;
}

/** Actions that a plan may choose from: others are no number format of layers, or were measured to be for study only. */
const planned = new Set<string>(
  Object.values(planChoices).flatMap((choice) => ('step' in choice ? [choice.step.action] : [])),
);
/** Those that make runs shorter: what is stored in few bits and unpacked when it is loaded does not. */
const quick = new Set<string>(['int8Static', 'int8Dynamic'] satisfies ActionName[]);

/** The ready schemes and recipes of this model that a plan could have been, each once. */
export function readyFor(sized: SizedModel): readonly Ready[] {
  const traits = traitsOf(inspect(sized), true);
  const schemes = schemeNames
    .filter((name) => schemeOf(name).refuses?.(traits) === undefined)
    .map((name) => ({ name, steps: schemeSteps(name, traits, { prepare: true }) }));
  const recipes = readyRecipeNames
    .filter((name) => readyRecipeOf(name).fits(traits))
    .map((name) => ({ name, steps: readyRecipeOf(name).steps(traits) }));
  const { groups } = plannedGroups(sized);
  const found = new Map<string, Ready>();
  for (const { name, steps } of [...schemes, ...recipes]) {
    const changes = steps.filter(isQuantizing);
    if (changes.length === 0 || !changes.every(({ action }) => planned.has(action))) continue;
    const key = JSON.stringify(
      changes.map(({ action, targets, params }) => [action, targets, params]),
    );
    if (!found.has(key)) found.set(key, { name, steps, bytes: bytesOf(sized, groups, steps) });
  }
  return [...found.values()];
}

function isQuantizing({ action }: Step): boolean {
  return isActionName(action) && actionOf(action).group === 'quantize';
}

/** What becomes of the layers under a scheme's steps, by the first one that takes each. */
export function readyLayers(
  groups: readonly PlanGroup[],
  { name, steps }: Pick<Ready, 'name' | 'steps'>,
): PlannedLayer[] {
  return groups.map((group) => {
    const { before, after, title } = treatmentOf(group, steps);
    const { id, name: shown } = group.layer;
    return { id, name: shown, choice: name, title, bytes: { before, after }, damage: null };
  });
}

function treatmentOf({ members }: PlanGroup, steps: readonly Step[]) {
  for (const step of steps.filter(isQuantizing)) {
    const { action, params } = readStep(step);
    const isMeant = selectLayers(members, step.targets).length === members.length;
    if (!isMeant || !members.every((layer) => action.appliesTo(layer, params).fits)) continue;
    const savings = members.map((layer) => action.estimate(layer, params));
    const sum = (of: 'before' | 'after') => savings.reduce((all, each) => all + each[of], 0);
    return { before: sum('before'), after: sum('after'), title: action.title };
  }
  const before = members.reduce((sum, layer) => sum + bytesNow(layer), 0);
  return { before, after: before, title: 'as it is' };
}

const bytesNow = (layer: Layer) => actionOf('halfStorage').estimate(layer, {}).before;

function bytesOf(sized: SizedModel, groups: readonly PlanGroup[], steps: readonly Step[]): number {
  return groups.reduce((bytes, group) => {
    const { before, after } = treatmentOf(group, steps);
    return bytes - before + after;
  }, modelBytes(sized));
}

/** A scheme's file is told so exactly before it is made; and one that is far smaller than the limit allows would not be the better. */
const [leastOfLimit, mostOfLimit] = [0.75, 1.01];
/** Schemes that are made and measured besides the plans. */
const mostTried = 2;

/**
 * Those that might be better than the plan found so far: as large as a limit of size allows; smaller than the plan under a limit of damage,
 * the most faithful first; with quick kernels under a limit of time. A plan of infinite bytes is one that does not keep its limit.
 */
export function rivalsOf(
  all: readonly Ready[],
  limit: PlanLimit,
  best: { readonly bytes: number },
): readonly Ready[] {
  const most = limit.kind === 'size' ? mostOfLimit * limit.value : best.bytes;
  const least = most === Infinity ? 0 : leastOfLimit * most;
  const fitting = isOfTime(limit)
    ? all.filter(({ steps }) => steps.filter(isQuantizing).every(({ action }) => quick.has(action)))
    : all.filter(({ bytes }) => bytes <= most && bytes >= least);
  return [...fitting].sort((a, b) => b.bytes - a.bytes).slice(0, mostTried);
}
