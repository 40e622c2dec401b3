import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import type { Step } from '../../protocol/recipe';
import { setSteps } from '../../recipe/edit';
import { readyRecipeOf, readyRecipesFor } from '../../recipe/ready';
import { traitsOf } from '../../recipe/traits';
import { pickRecipe, usable } from '../build/target';
import type { OpenModel } from '../models/openModel';
import { chooseAction } from '../quantize/quantize';
import { chooseOne, separator, type Entry } from '../quickInput';
import { isRecipe } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import { addToRecipe, changeRecipe, createRecipe } from '../recipes/write';
import type { Services } from '../services';
import { showRecipe } from './recipe';
import { bringUp, targetOf } from './target';

/** Steps to apply, and what they are called. */
interface Source {
  readonly title: string;
  readonly steps: () => Promise<readonly Step[] | undefined>;
}

/** Asks for a ready recipe or another recipe's file, and writes its steps into the recipe of the model in front. */
export async function applyRecipeCommand(services: Services, argument?: unknown): Promise<void> {
  const chosen = await recipeAndModel(services, argument);
  if (!chosen) return;
  const { recipe, model } = chosen;
  const source = await askSource(services, model, recipe);
  const steps = await source?.steps();
  if (!steps || steps.length === 0) return;
  await applySteps(services, recipe, model, steps);
}

/** The recipe it was called on with its model, or the model in front with the recipe beside it. */
async function recipeAndModel(services: Services, argument: unknown) {
  const given = typeof argument === 'string' ? vscode.Uri.parse(argument, true) : argument;
  if (given instanceof vscode.Uri && isRecipe(given)) {
    const recipe = services.recipes.at(given);
    await recipe.load();
    return { recipe, model: await bringUp(services, usable(recipe).model) };
  }
  const uri = await targetOf(services, argument);
  if (!uri) return undefined;
  const model = await bringUp(services, uri);
  const recipe = services.recipes.of(model);
  await recipe.load();
  return { recipe, model };
}

/** Writes steps into the recipe beside a model; asks whether they join those that are there or take their place. */
export async function applySteps(
  services: Services,
  recipe: OpenRecipe,
  model: OpenModel,
  steps: readonly Step[],
): Promise<void> {
  const before = recipe.recipe?.steps.length ?? 0;
  const how = before > 0 ? await askHow(before) : 'replace';
  if (!how) return;
  await createRecipe(recipe, model.uri, services.recipes);
  if (how === 'replace') await changeRecipe(recipe, (text) => setSteps(text, steps));
  else for (const step of steps) await addToRecipe(services.recipes, recipe, step);
  await showRecipe(recipe);
}

function askHow(count: number): Promise<'replace' | 'add' | undefined> {
  return chooseOne<'replace' | 'add'>({
    title: vscode.l10n.t('Apply Recipe'),
    placeholder: vscode.l10n.t('The recipe has {0} steps already', count),
    entries: [
      { label: vscode.l10n.t('Replace them'), value: 'replace' },
      { label: vscode.l10n.t('Add after them'), value: 'add' },
    ],
  });
}

async function askSource(
  services: Services,
  model: OpenModel,
  recipe: OpenRecipe,
): Promise<Source | undefined> {
  const other = vscode.l10n.t('Another recipe’s file…');
  const action = vscode.l10n.t('Another way for all layers…');
  return chooseOne<Source>({
    title: vscode.l10n.t('Apply Recipe to {0}', model.name),
    placeholder: vscode.l10n.t('A ready recipe; its steps can be changed afterwards'),
    entries: [
      ...readyEntries(model, recipe),
      separator(vscode.l10n.t('others')),
      {
        label: action,
        iconPath: new vscode.ThemeIcon('list-unordered'),
        value: { title: action, steps: () => chooseForAll(services, model) },
      },
      {
        label: other,
        iconPath: new vscode.ThemeIcon('file'),
        value: { title: other, steps: () => stepsOfFile(services, recipe) },
      },
    ],
  });
}

/** It writes into the recipe by itself: there are no steps to apply afterwards. */
async function chooseForAll(services: Services, model: OpenModel): Promise<undefined> {
  await chooseAction(services, { model, layers: 'all', groups: ['quantize', 'study'] });
}

function readyEntries({ inspection }: OpenModel, recipe: OpenRecipe): Entry<Source>[] {
  if (!inspection) return [];
  const traits = traitsOf(inspection, recipe.recipe?.data?.calibration !== undefined);
  return readyRecipesFor(traits).map((name) => {
    const ready = readyRecipeOf(name);
    const steps = () => Promise.resolve(ready.steps(traits));
    return { label: ready.title, detail: ready.about, value: { title: ready.title, steps } };
  });
}

async function stepsOfFile({ recipes }: Services, own: OpenRecipe) {
  const uri = await pickRecipe(vscode.l10n.t('Apply Which Recipe?'), own.uri);
  if (!uri) return undefined;
  const other = recipes.at(uri);
  await other.load();
  const wrong = other.parsed?.problems.find(({ severity }) => severity === 'error');
  if (!other.recipe) {
    throw new UserError(
      'badInput',
      `${other.name}: ${wrong?.message ?? vscode.l10n.t('it is not there.')}`,
    );
  }
  return other.recipe.steps;
}
