import { actionOf, isActionName } from '../actions/index';
import { doesNotFit, type Fit } from '../actions/action';
import { chooseLayers, readStep } from '../build/apply';
import { messageOf } from '../base/errors';
import type { CheckedStep, RecipeCheck } from '../protocol/build';
import type { Recipe, Step } from '../protocol/recipe';
import type { Layer, Structure } from '../structure/structure';
import { hashOf } from './fileHash';
import type { SizedModel } from './models';
import { modelBytes } from './modelBytes';

/** Holds a recipe against the model as it is now: which layers every step means, and what that would save. Nothing is computed. */
export function checkRecipe(sized: SizedModel, recipe: Recipe): RecipeCheck {
  const taken = new Map<string, number>();
  const steps = recipe.steps.map((step, at) => checkStep(sized.structure, step, at, taken));
  const before = modelBytes(sized);
  const saved = steps.reduce((sum, step) => sum + step.before - step.after, 0);
  return { sha256: hashOf(sized.file), steps, before, after: before - saved };
}

function checkStep(
  structure: Structure,
  step: Step,
  at: number,
  taken: Map<string, number>,
): CheckedStep {
  try {
    const { name, action, params } = readStep(step);
    const { chosen, skipped } = chooseLayers(structure, step, (layer) =>
      fitAfter(layer, name, taken, (each) => action.appliesTo(each, params)),
    );
    const savings = chosen.map((layer) => ({ ...action.estimate(layer, params) }));
    if (action.group !== 'prepare') for (const layer of chosen) taken.set(layer.id, at);
    return {
      action: name,
      layers: chosen.map((layer) => layer.id),
      skipped,
      before: savings.reduce((sum, saving) => sum + saving.before, 0),
      after: savings.reduce((sum, saving) => sum + saving.after, 0),
      savings,
      problem: null,
    };
  } catch (error) {
    return {
      action: step.action,
      layers: [],
      skipped: [],
      before: 0,
      after: 0,
      savings: [],
      problem: messageOf(error),
    };
  }
}

/** A layer that an earlier step compresses is not there for a later one as it is now. */
function fitAfter(
  layer: Layer,
  name: string,
  taken: ReadonlyMap<string, number>,
  fitOf: (layer: Layer) => Fit,
): Fit {
  const by = taken.get(layer.id);
  const prepares = isActionName(name) && actionOf(name).group === 'prepare';
  return by === undefined || prepares
    ? fitOf(layer)
    : doesNotFit(`Step ${by + 1} compresses it already.`);
}
