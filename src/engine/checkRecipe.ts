import { actionOf, isActionName } from '../actions/index';
import { doesNotFit, type Fit } from '../actions/action';
import { applySteps, chooseLayers, readStep, structureOf } from '../build/apply';
import { messageOf } from '../base/errors';
import type { GraphIndex } from '../onnx/graph';
import type { OpenExternal } from '../onnx/shapes/shapes';
import type { CheckedStep, RecipeCheck, StepOutcome } from '../protocol/build';
import type { Recipe, Step } from '../protocol/recipe';
import type { Layer, Structure } from '../structure/structure';
import { hashOf } from './fileHash';
import type { SizedModel } from './models';
import { modelBytes } from './modelBytes';

/**
 * Holds a recipe against the model as it is now: which layers every step means, and what that would save. Preparations that need no data
 * are made, since they decide what fits after them; no weight is computed.
 */
export async function checkRecipe(sized: SizedModel, recipe: Recipe): Promise<RecipeCheck> {
  const taken = new Map<string, number>();
  const steps: CheckedStep[] = [];
  let state: State = sized;
  for (const [at, step] of recipe.steps.entries()) {
    const checked = await checkStep(state, step, { at, taken, open: sized.external.open });
    steps.push(checked.step);
    state = checked.after;
  }
  const before = modelBytes(sized);
  const saved = steps.reduce((sum, step) => sum + step.before - step.after, 0);
  return { sha256: hashOf(sized.file), steps, before, after: before - saved };
}

/** The model as the steps so far leave it. */
interface State {
  readonly index: GraphIndex;
  readonly structure: Structure;
}

interface Around {
  readonly at: number;
  /** Layers and the step that compresses them. */
  readonly taken: Map<string, number>;
  readonly open: OpenExternal | undefined;
}

async function checkStep(
  state: State,
  step: Step,
  around: Around,
): Promise<{ step: CheckedStep; after: State }> {
  try {
    const { action, params } = readStep(step);
    const prepares = action.group === 'prepare' && action.data !== 'needed';
    const { outcome, after } = prepares
      ? await prepared(state, step, around.open)
      : { outcome: chosenBy(state, step, around), after: state };
    const byId = new Map(state.structure.layers.map((layer) => [layer.id, layer]));
    const savings = outcome.layers.map((id) => {
      const layer = byId.get(id);
      return layer ? { ...action.estimate(layer, params) } : { before: 0, after: 0 };
    });
    const before = savings.reduce((sum, saving) => sum + saving.before, 0);
    const left = savings.reduce((sum, saving) => sum + saving.after, 0);
    return { step: { ...outcome, before, after: left, savings, problem: null }, after };
  } catch (error) {
    const nothing = { layers: [], skipped: [], before: 0, after: 0, savings: [] };
    return { step: { action: step.action, ...nothing, problem: messageOf(error) }, after: state };
  }
}

/** Every state with what preparations made of it: a recipe is checked at every key that is pressed. */
const known = new WeakMap<GraphIndex, Map<string, Promise<Prepared>>>();

interface Prepared {
  readonly outcome: StepOutcome;
  readonly after: State;
}

function prepared({ index }: State, step: Step, open: OpenExternal | undefined): Promise<Prepared> {
  const ofState = known.get(index) ?? new Map<string, Promise<Prepared>>();
  known.set(index, ofState);
  const key = JSON.stringify([step.action, step.targets, step.params]);
  const made = ofState.get(key) ?? prepare(index, step, open);
  ofState.set(key, made);
  return made;
}

async function prepare(
  index: GraphIndex,
  step: Step,
  open: OpenExternal | undefined,
): Promise<Prepared> {
  const applied = await applySteps(index, [step], open ? { open } : {});
  const { action = step.action, layers = [], skipped = [] } = applied.steps[0] ?? {};
  const structure = structureOf(applied.index, open);
  return { outcome: { action, layers, skipped }, after: { index: applied.index, structure } };
}

function chosenBy({ structure }: State, step: Step, { at, taken }: Around): StepOutcome {
  const { name, action, params } = readStep(step);
  const { chosen, skipped } = chooseLayers(structure, step, (layer) =>
    fitAfter(layer, name, taken, (each) => action.appliesTo(each, params)),
  );
  if (action.group !== 'prepare') for (const layer of chosen) taken.set(layer.id, at);
  return { action: name, layers: chosen.map((layer) => layer.id), skipped };
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
