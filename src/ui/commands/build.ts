import * as vscode from 'vscode';
import { isCancelled } from '../../base/errors';
import type { Comparison } from '../../protocol/build';
import { build, builtText, type BuildOptions } from '../build/build';
import { measure, measuredText, type Pair } from '../build/measure';
import { recipeOf, usable } from '../build/target';
import { showContext } from '../context';
import { showError } from '../errors';
import type { OpenRecipe } from '../recipes/openRecipe';
import { baseName, recipeUriOf } from '../recipes/address';
import { exists } from '../models/localFile';
import type { Services } from '../services';
import { showReport } from './exportComparison';
import { openDashboard, pickModel, targetOf } from './target';

/** Builds the recipe in front, or that of the model in front. A caller that knows gives `{ recipe, output, overwrite }`. */
export async function buildCommand(services: Services, argument?: unknown): Promise<void> {
  const { address, options } = askedFor(argument);
  const recipe = await recipeOf(services, address);
  if (recipe) await startBuild(services, recipe, options);
}

/** Builds a recipe and says what came of it. Never throws. */
export async function startBuild(
  services: Services,
  recipe: OpenRecipe,
  options: BuildOptions = {},
): Promise<void> {
  await shown(services, recipe, async () => {
    const built = await build(services, recipe, options);
    if (built) void offer(services, recipe, builtText(built), true);
  });
}

/** Compares what was built of a recipe with its model; builds first where the recipe was changed since, or never built. */
export async function measureCandidateCommand(
  services: Services,
  argument?: unknown,
): Promise<void> {
  const { address } = askedFor(argument);
  const recipe = await recipeOf(services, address);
  if (recipe) await startMeasure(services, recipe);
}

/** The same of a recipe. Never throws. */
export async function startMeasure(services: Services, recipe: OpenRecipe): Promise<void> {
  await shown(services, recipe, async () => {
    await recipe.reload();
    const known = candidateOf(recipe);
    const isCurrent = recipe.candidate?.steps === recipe.steps;
    const isThere = known !== undefined && (await exists(known));
    if (!(isCurrent && isThere) && !(await build(services, recipe))) return;
    const { model: original } = usable(recipe);
    const candidate = candidateOf(recipe);
    if (candidate) await finish(services, { original, candidate, recipe });
  });
}

/** Measures the model in front against its original or what was built of it, or against a model that the user picks. */
export async function compareOriginalCommand(
  services: Services,
  argument?: unknown,
  selected?: unknown,
): Promise<void> {
  const pair = await pairOf(services, argument, selected);
  if (pair) await shown(services, pair.recipe, () => finish(services, pair));
}

async function finish(services: Services, pair: Pair): Promise<void> {
  const comparison = await measure(services, pair);
  if (!comparison) return;
  showContext('didCompare', true);
  void openDashboard(services, pair.original);
  void offer(services, pair.recipe, measuredText(comparison), false, comparison);
}

async function shown({ log }: Services, { name }: OpenRecipe, work: () => Promise<void>) {
  try {
    await work();
  } catch (error) {
    if (isCancelled(error)) return;
    log.error(error instanceof Error ? error : String(error));
    // Not waited for: it stands until somebody closes it.
    void showError(error, name);
  }
}

async function pairOf(services: Services, argument: unknown, selected: unknown) {
  const { recipes } = services;
  const picked = Array.isArray(selected)
    ? selected.filter((it): it is vscode.Uri => it instanceof vscode.Uri)
    : [];
  const front = picked.length === 2 ? picked[0] : await targetOf(services, argument);
  if (!front) return undefined;
  const maker = recipes.makerOf(front);
  if (maker?.model) return { original: maker.model, candidate: front, recipe: maker };
  const recipe = recipes.at(recipeUriOf(front));
  await recipe.load();
  const known = picked[1] ?? candidateOf(recipe);
  if (known) return { original: front, candidate: known, recipe };
  const other = await pickModel(vscode.l10n.t('Compare {0} with…', baseName(front)), front);
  if (!other) return undefined;
  // A model with a recipe is an original; one without was most likely made from the other.
  if (recipe.text !== undefined) return { original: front, candidate: other, recipe };
  return { original: other, candidate: front, recipe: recipes.at(recipeUriOf(other)) };
}

/** The model that was built from a recipe last. */
export function candidateOf({ candidate }: OpenRecipe): vscode.Uri | undefined {
  return candidate && vscode.Uri.parse(candidate.model, true);
}

/** Says what is done and offers what people do next. */
async function offer(
  services: Services,
  recipe: OpenRecipe,
  text: string,
  isBuilt: boolean,
  comparison?: Comparison,
): Promise<void> {
  const open = vscode.l10n.t('Open');
  const compare = vscode.l10n.t('Compare');
  const folder = vscode.l10n.t('Show in Folder');
  const report = vscode.l10n.t('Show Report');
  const choices = isBuilt ? [compare, open, folder] : [report];
  const choice = await vscode.window.showInformationMessage(text, ...choices);
  const candidate = candidateOf(recipe);
  if (choice === compare) await startMeasure(services, recipe);
  if (choice === open && candidate) await openDashboard(services, candidate);
  if (choice === folder && candidate) await reveal(candidate);
  if (choice === report && comparison) await showReport(comparison);
}

/** In the explorer where the folder is open there: a browser knows no other. */
async function reveal(uri: vscode.Uri): Promise<void> {
  const isOpen = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  await vscode.commands.executeCommand(isOpen ? 'revealInExplorer' : 'revealFileInOS', uri);
}

function askedFor(argument: unknown): { address: unknown; options: BuildOptions } {
  const { recipe, output, overwrite } = (argument ?? {}) as {
    recipe?: unknown;
    output?: unknown;
    overwrite?: unknown;
  };
  if (typeof recipe !== 'string') return { address: argument, options: {} };
  return {
    address: recipe,
    options: {
      ...(typeof output === 'string' ? { output: vscode.Uri.parse(output, true) } : {}),
      overwrite: overwrite === true,
    },
  };
}
