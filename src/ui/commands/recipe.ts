import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import { removeStep } from '../../recipe/edit';
import { adoptModel } from '../build/build';
import { recipeOf, usable } from '../build/target';
import { argumentOf } from '../layerArgument';
import type { OpenRecipe } from '../recipes/openRecipe';
import { changeRecipe, createRecipe } from '../recipes/write';
import type { Services } from '../services';
import { showInText } from './layers';
import { openDashboard, targetOf } from './target';

/** What the lenses of a recipe give their commands. */
export interface StepArgument {
  readonly recipe: string;
  readonly step: number;
}

/** Opens the recipe beside the model in front, which is made where there is none. */
export async function openRecipeCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (!uri) return;
  const recipe = services.recipes.of({ uri });
  await recipe.load();
  await createRecipe(recipe, uri, services.recipes);
  await showRecipe(recipe);
}

/** Shows a recipe's text, at a step. */
export async function showRecipe(recipe: OpenRecipe, step?: number): Promise<void> {
  const document = await recipe.document();
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  const place = step === undefined ? undefined : recipe.parsed?.places.steps[step];
  if (!place) return;
  const at = document.positionAt(place.offset);
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(
    new vscode.Range(at, at),
    vscode.TextEditorRevealType.InCenterIfOutsideViewport,
  );
}

/** Opens a recipe at one of its steps. */
export async function showStepCommand(services: Services, argument?: unknown): Promise<void> {
  const { recipe, step } = await stepOf(services, argument);
  await showRecipe(recipe, step);
}

/** Takes a step out of a recipe. */
export async function removeStepCommand(services: Services, argument?: unknown): Promise<void> {
  const { recipe, step } = await stepOf(services, argument);
  await changeRecipe(recipe, (text) => removeStep(text, step));
}

/** Shows the layers that a step changes, in the text of the model. */
export async function showStepLayersCommand(services: Services, argument?: unknown): Promise<void> {
  const { recipe, step } = await stepOf(services, argument);
  const { model: uri } = usable(recipe);
  const layers = recipe.check?.steps[step]?.layers ?? [];
  if (layers.length === 0) return;
  const model = services.models.get(uri) ?? (await openDashboard(services, uri));
  await model.load();
  services.selection.set(model, layers, 'command');
  await showInText(services, { model, layers: argumentOf(model, layers).layers });
}

/** Says in a recipe that it is for the model's file as it is now. */
export async function adoptModelCommand(services: Services, argument?: unknown): Promise<void> {
  const recipe = await recipeOf(services, argument);
  if (recipe) await adoptModel(recipe);
}

async function stepOf({ recipes }: Services, argument: unknown) {
  const { recipe: address, step } = (argument ?? {}) as Partial<StepArgument>;
  if (typeof address !== 'string' || typeof step !== 'number') {
    throw new UserError('badInput', vscode.l10n.t('This needs a step of a recipe.'));
  }
  const recipe = recipes.at(vscode.Uri.parse(address, true));
  await recipe.load();
  return { recipe, step };
}
