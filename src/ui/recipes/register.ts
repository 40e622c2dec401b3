import * as vscode from 'vscode';
import type { Services } from '../services';
import { RecipeDiagnostics } from './diagnostics';
import { RecipeFixes } from './fixes';
import { RecipeCompletions, RecipeHovers } from './help';
import { RecipeLenses } from './lenses';

/** Everything a recipe's text offers beyond what VS Code's own JSON support makes of its schema. */
export function registerRecipes({ recipes, models }: Services): vscode.Disposable {
  const { languages } = vscode;
  const selector = { language: 'json', pattern: '**/*.featherweight.json' };
  const lenses = new RecipeLenses(recipes);
  return vscode.Disposable.from(
    lenses,
    new RecipeDiagnostics(recipes),
    languages.registerCodeLensProvider(selector, lenses),
    languages.registerHoverProvider(selector, new RecipeHovers(recipes)),
    languages.registerCodeActionsProvider(selector, new RecipeFixes(recipes), {
      providedCodeActionKinds: RecipeFixes.kinds,
    }),
    languages.registerCompletionItemProvider(selector, new RecipeCompletions(recipes, models), '"'),
  );
}
