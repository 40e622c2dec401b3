import { applyEdits } from 'jsonc-parser';
import { UserError } from '../base/errors';
import type { MeasuredRecipe, Recipe, RecipeData, Selector, Step } from '../protocol/recipe';
import { isDeepEqual, isObject } from './equal';
import { recipeVersion, treeOf } from './parse';
import { rewritten, type TextEdit } from './rewrite';
import type { RecipeProblem } from './spots';

export type { TextEdit } from './rewrite';

/** The text of a new recipe, without steps. `file` is relative to it. */
export function newRecipe(model: Recipe['model'], data?: RecipeData): string {
  const recipe: Recipe = { version: recipeVersion, model, ...(data ? { data } : {}), steps: [] };
  return `${JSON.stringify(recipe, null, 2)}\n`;
}

/** The text after an edit. */
export function applied(text: string, edits: readonly TextEdit[]): string {
  return applyEdits(text, [...edits]);
}

/**
 * Adds a step at the end; layers named by a step like the last one join that. Where `replaces` holds of another step's action, the
 * layers named are taken out of it first, so that a layer is compressed one way only. Throws `badInput` for text that is no recipe.
 */
export function addStep(
  text: string,
  step: Step,
  replaces: (action: string) => boolean = () => false,
): readonly TextEdit[] {
  return edits(text, (recipe) => {
    const { layers = [] } = step.targets;
    const before = takeOut(recipe, layers, (other, i) => {
      const joins = i === recipe.steps.length - 1 && isAlike(other, step);
      return !joins && replaces(other.action);
    });
    const last = before.steps.length - 1;
    const joined = before.steps[last];
    if (!joined || !isAlike(joined, step)) return { ...before, steps: [...before.steps, step] };
    const { layers: named = [] } = joined.targets;
    const both = [...new Set([...named, ...layers])];
    const steps = before.steps.with(last, { ...joined, targets: { layers: both } });
    return { ...before, steps };
  });
}

/** Removes the step at that place. Throws `badInput` for text that is no recipe, or without such a step. */
export function removeStep(text: string, at: number): readonly TextEdit[] {
  return edits(text, (recipe) => {
    if (!(at in recipe.steps)) throw unfit(`It has no step ${at + 1}.`);
    return { ...recipe, steps: recipe.steps.filter((_, i) => i !== at) };
  });
}

/**
 * Leaves layers out of the steps at those places, or of all that name them: undoing what was chosen for a layer. A list loses the
 * name, a step that has no layer left goes, and one that describes its layers gets an exception.
 */
export function removeLayers(
  text: string,
  layers: readonly string[],
  from?: readonly number[],
): readonly TextEdit[] {
  return edits(text, (recipe) =>
    takeOut(recipe, layers, (step, i) =>
      from ? from.includes(i) : layers.some((layer) => step.targets.layers?.includes(layer)),
    ),
  );
}

/** Says which data the recipe is calibrated and evaluated with; undefined removes that. */
export function setData(text: string, data: RecipeData | undefined): readonly TextEdit[] {
  return edits(text, (recipe) => withField(recipe, 'data', data));
}

/** Keeps what was measured of the recipe's last build. */
export function setMeasured(
  text: string,
  measured: MeasuredRecipe | undefined,
): readonly TextEdit[] {
  return edits(text, (recipe) => withField(recipe, 'measured', measured));
}

/** Says for which model the recipe is: after the user has agreed to apply it to another one. */
export function setModel(text: string, model: Recipe['model']): readonly TextEdit[] {
  return edits(text, (recipe) => ({ ...recipe, model }));
}

/** Puts other steps in the place of all; with `data`, also the data that they were chosen for. */
export function setSteps(
  text: string,
  steps: readonly Step[],
  data?: RecipeData,
): readonly TextEdit[] {
  return edits(text, (recipe) => ({
    ...(data ? withField(recipe, 'data', data) : recipe),
    steps,
  }));
}

/** `object` with that field, or without it where the value is undefined. */
function withField<T extends object, K extends keyof T>(
  object: T,
  name: K,
  value: T[K] | undefined,
): T {
  const others = Object.entries(object).filter(([each]) => each !== name);
  return Object.fromEntries([...others, ...(value === undefined ? [] : [[name, value]])]) as T;
}

function takeOut(
  recipe: Recipe,
  layers: readonly string[],
  from: (step: Step, at: number) => boolean,
): Recipe {
  if (layers.length === 0) return recipe;
  const steps = recipe.steps.flatMap((step, i) =>
    from(step, i) ? (without(step, layers) ?? []) : step,
  );
  return { ...recipe, steps };
}

function without(step: Step, layers: readonly string[]): Step | undefined {
  const { targets } = step;
  if (targets.layers) {
    const gone = new Set(layers);
    const left = targets.layers.filter((layer) => !gone.has(layer));
    return left.length > 0 ? { ...step, targets: { ...targets, layers: left } } : undefined;
  }
  const { except = [] } = targets;
  const known = except.flatMap((selector) => (isPlainList(selector) ? selector.layers : []));
  const all = [...new Set([...known, ...layers])];
  if (all.length === known.length) return step;
  const others = except.filter((selector) => !isPlainList(selector));
  return { ...step, targets: { ...targets, except: [...others, { layers: all }] } };
}

/** A selector of names alone. */
function isPlainList(selector: Selector): selector is { readonly layers: readonly string[] } {
  return selector.layers !== undefined && Object.keys(selector).length === 1;
}

/** Whether two steps do the same to layers that they name, so that they can be one. */
function isAlike(a: Step, b: Step): boolean {
  return (
    a.action === b.action &&
    a.note === b.note &&
    isPlainList(a.targets) &&
    isPlainList(b.targets) &&
    isDeepEqual(a.params ?? {}, b.params ?? {})
  );
}

/** Makes of the text the recipe that `change` makes of its content, leaving everything else as it is written. */
function edits(text: string, change: (recipe: Recipe) => Recipe): readonly TextEdit[] {
  const before = contentOf(text);
  return rewritten(text, before, change(before));
}

/** The recipe that the text holds, as far as edits need it. Throws `badInput` where it is not one: what is broken is not written to. */
function contentOf(text: string): Recipe {
  const problems: RecipeProblem[] = [];
  treeOf(text, problems);
  const [problem] = problems;
  if (problem) throw unfit(`Line ${lineOf(text, problem.offset)}: ${problem.message}`);
  const recipe = (text.trim() === '' ? undefined : JSON.parse(text)) as Partial<Recipe> | undefined;
  if (!isObject(recipe) || recipe['version'] !== recipeVersion || !areSteps(recipe['steps'])) {
    throw unfit('It is empty, of another version, or not one of Featherweight’s.');
  }
  return recipe as unknown as Recipe;
}

function areSteps(steps: unknown): boolean {
  return (
    Array.isArray(steps) &&
    steps.every(
      (step: unknown) =>
        isObject(step) &&
        isObject(step['targets']) &&
        [step['targets']['layers'], step['targets']['except']].every(
          (list) => list === undefined || Array.isArray(list),
        ),
    )
  );
}

function unfit(why: string): UserError {
  return new UserError(
    'badInput',
    `The recipe cannot be changed as it stands. ${why}`,
    'Correct it first.',
  );
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
