import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import { isRecipe, recipeUriOf } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import type { Services } from '../services';
import { modelUriOf } from '../text/uri';

const excluded = '**/{node_modules,.git,.venv,venv}/**';
const mostFound = 200;

/**
 * The recipe that a command is about, read: the file it was called on or its model's, else the one in front or that of the model in
 * front, else one that the user picks. Undefined when they pick none.
 */
export async function recipeOf(
  services: Services,
  argument?: unknown,
): Promise<OpenRecipe | undefined> {
  const uri = addressOf(services, argument) ?? (await pickRecipe(vscode.l10n.t('Which recipe?')));
  if (!uri) return undefined;
  const recipe = services.recipes.at(uri);
  await recipe.load();
  return recipe;
}

function addressOf({ models }: Services, argument: unknown): vscode.Uri | undefined {
  const given = typeof argument === 'string' ? vscode.Uri.parse(argument, true) : argument;
  if (given instanceof vscode.Uri) {
    return isRecipe(given) ? given : recipeUriOf(modelUriOf(given) ?? given);
  }
  const front = vscode.window.activeTextEditor?.document.uri;
  if (front && isRecipe(front)) return front;
  return models.active && recipeUriOf(models.active.uri);
}

/** Lets the user choose among the recipes of the workspace, or any other. */
export async function pickRecipe(
  title: string,
  without?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.featherweight.json', excluded, mostFound);
  const items = found
    .filter((uri) => uri.toString() !== without?.toString())
    .map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri }))
    .sort((one, other) => one.label.localeCompare(other.label));
  const browse = {
    label: vscode.l10n.t('Browse…'),
    iconPath: new vscode.ThemeIcon('folder-opened'),
  };
  const choice = await vscode.window.showQuickPick<vscode.QuickPickItem & { uri?: vscode.Uri }>(
    [...items, browse],
    { title, placeHolder: vscode.l10n.t('A recipe') },
  );
  if (choice !== browse) return choice?.uri;
  const [picked] = (await vscode.window.showOpenDialog({ filters: { JSON: ['json'] } })) ?? [];
  return picked;
}

/** The model and steps of a recipe that can be used. Throws `badInput` that says why it cannot. */
export function usable(recipe: OpenRecipe) {
  const { recipe: content, model, parsed, text, name } = recipe;
  if (text === undefined) {
    throw new UserError(
      'badInput',
      vscode.l10n.t('There is no {0} yet.', name),
      vscode.l10n.t('Quantize a layer or apply a ready recipe first.'),
    );
  }
  const wrong = parsed?.problems.find(({ severity }) => severity === 'error')?.message;
  if (!content || !model) throw new UserError('badInput', `${name}: ${wrong ?? ''}`);
  if (recipe.problem) throw new UserError('badInput', `${name}: ${recipe.problem}`);
  return { content, model };
}
