import * as vscode from 'vscode';
import { setData } from '../../recipe/edit';
import { askData } from '../commands/data';
import type { OpenModel } from '../models/openModel';
import { pathFrom } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import { changeRecipe, createRecipe } from '../recipes/write';
import type { Services } from '../services';

/** Asks for the data of a recipe and writes it there. */
export async function askRecipeData(
  { recipes }: Services,
  model: OpenModel,
  use: keyof typeof dataTitles,
): Promise<void> {
  const recipe = recipes.of(model);
  await recipe.load();
  const path = await askCalibration(recipe, model, use);
  if (path === undefined) return;
  await createRecipe(recipe, model.uri, recipes);
  const { data } = recipe.recipe ?? {};
  await changeRecipe(recipe, (text) => setData(text, { ...data, [use]: path }));
}

const dataTitles = {
  calibration: (name: string) => vscode.l10n.t('Calibrate {0} With…', name),
  evaluation: (name: string) => vscode.l10n.t('Evaluate {0} With…', name),
} as const;

/** Lets the user name data, as the recipe will name it. */
export async function askCalibration(
  recipe: OpenRecipe,
  model: OpenModel,
  use: keyof typeof dataTitles = 'calibration',
) {
  const path = await askData(model.uri, dataTitles[use](model.name));
  return path === undefined ? undefined : pathFrom(recipe.uri, vscode.Uri.file(path));
}

/** Calibrates a recipe with data from now on; undefined leaves it as it is. */
export async function useData(recipe: OpenRecipe, calibration: string | undefined): Promise<void> {
  const { data } = recipe.recipe ?? {};
  if (calibration === undefined || calibration === data?.calibration) return;
  await changeRecipe(recipe, (text) => setData(text, { ...data, calibration }));
}
