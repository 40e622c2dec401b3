import * as vscode from 'vscode';
import type { DashboardState } from '../../protocol/viewApi';
import { comparisonView } from '../../report/comparisonView';
import { recipeView } from '../../report/recipeView';
import type { OpenModel } from '../models/openModel';
import type { OpenRecipe } from '../recipes/openRecipe';
import type { RecipeStore } from '../recipes/store';

/** What the dashboard of a model shows of its recipe, and of the last comparison it took part in. */
export function recipeState(
  model: OpenModel,
  recipes: RecipeStore,
): Pick<DashboardState, 'recipe' | 'comparison'> {
  const own = recipes.of(model);
  const maker = own.comparison ? own : recipes.makerOf(model.uri);
  const recipe = viewOf(own);
  const { comparison } = maker ?? {};
  return {
    ...(recipe ? { recipe } : {}),
    ...(maker && comparison
      ? { comparison: comparisonView(comparison.value, comparison.steps === maker.steps) }
      : {}),
  };
}

function viewOf(recipe: OpenRecipe): DashboardState['recipe'] {
  const { name: file, text, parsed, actions, check, busy, error, candidate } = recipe;
  if (text === undefined || !parsed) return undefined;
  const wrong = parsed.problems.find(({ severity }) => severity === 'error')?.message;
  const problem = wrong ?? recipe.problem;
  const content = recipe.recipe ?? { version: 1, model: { file: '' }, steps: [] };
  return {
    ...recipeView({ file, recipe: content, actions, check, problem }),
    ...(busy ? { busy } : {}),
    ...(error ? { error } : {}),
    ...(candidate
      ? {
          candidate: {
            file: vscode.Uri.parse(candidate.model, true).fsPath,
            bytes: candidate.bytes,
            current: candidate.steps === recipe.steps,
          },
        }
      : {}),
  };
}
