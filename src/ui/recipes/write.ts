import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import type { Step } from '../../protocol/recipe';
import { addStep, newRecipe, removeLayers, type TextEdit } from '../../recipe/edit';
import { exists } from '../models/localFile';
import { pathFrom } from './address';
import type { OpenRecipe } from './openRecipe';
import type { RecipeStore } from './store';

/** A change of a recipe's text. */
export type Change = (text: string) => readonly TextEdit[];

/**
 * Changes the text of a recipe's document in one go, so that one undo takes it back. Nothing is saved. Throws `badInput` where the
 * text is no recipe.
 */
export async function changeRecipe(recipe: OpenRecipe, change: Change): Promise<void> {
  const document = await recipe.document();
  const edit = new vscode.WorkspaceEdit();
  for (const { offset, length, content } of change(document.getText())) {
    const range = new vscode.Range(
      document.positionAt(offset),
      document.positionAt(offset + length),
    );
    edit.replace(document.uri, range, content);
  }
  if (edit.size === 0) return;
  if (!(await vscode.workspace.applyEdit(edit))) {
    throw new UserError('badInput', vscode.l10n.t('{0} could not be changed.', recipe.name));
  }
  await recipe.reload();
}

/** Writes a recipe without steps for a model, unless there is one. Throws `badInput` where the folder cannot be written to. */
export async function createRecipe(recipe: OpenRecipe, model: vscode.Uri, recipes: RecipeStore) {
  if (recipe.text !== undefined || (await exists(recipe.uri))) return;
  const file = pathFrom(recipe.uri, model);
  const text = newRecipe({ file, sha256: await recipes.hashOf(model) });
  try {
    await vscode.workspace.fs.writeFile(recipe.uri, Buffer.from(text));
  } catch (error) {
    throw new UserError(
      'badInput',
      vscode.l10n.t('{0} cannot be written: {1}', recipe.name, String(error)),
      vscode.l10n.t('A recipe lies beside its model: copy the model to a folder of your own.'),
    );
  }
  await recipe.reload();
}

/** Adds a step; layers that it names are taken out of earlier steps that compress them in another way. */
export async function addToRecipe(recipes: RecipeStore, recipe: OpenRecipe, step: Step) {
  const actions = await recipes.actions();
  const compresses = (name: string) =>
    actions.some((facts) => facts.name === name && facts.group !== 'prepare');
  await changeRecipe(recipe, (text) =>
    addStep(text, step, compresses(step.action) ? compresses : undefined),
  );
}

/** Takes layers out of all steps that change them, named or described. */
export async function undoChosen(recipe: OpenRecipe, layers: readonly string[]): Promise<void> {
  const steps = new Set(layers.flatMap((layer) => recipe.choices.get(layer)?.steps ?? []));
  await changeRecipe(recipe, (text) => removeLayers(text, layers, [...steps]));
}
