import * as vscode from 'vscode';
import type { Services } from '../services';
import { RecipeDiagnostics } from './diagnostics';
import { RecipeLenses } from './lenses';

/** What reads and writes a recipe's text is loaded when one is worked on: an activation that nothing follows does not pay for it. */
const help = async () => (await import('../later')).recipeHelp;
const fixes = async () => (await import('../later')).recipeFixes;

/** Everything a recipe's text offers beyond what VS Code's own JSON support makes of its schema. */
export function registerRecipes(services: Services): vscode.Disposable {
  const { recipes } = services;
  const { languages } = vscode;
  // The last is that of virtual workspaces. Not the old texts that a comparison with an earlier commit shows.
  const selector = ['file', 'untitled', 'vscode-vfs'].map((scheme) => ({
    ...{ scheme, language: 'json', pattern: '**/*.featherweight.json' },
  }));
  const lenses = new RecipeLenses(recipes);
  const hovers: vscode.HoverProvider = {
    provideHover: async (document, position) =>
      (await help()).recipeHover(recipes, document, position),
  };
  const remedies: vscode.CodeActionProvider = {
    provideCodeActions: async (document, _, { diagnostics }) =>
      (await fixes()).recipeFixes(recipes, document, diagnostics),
  };
  const completions: vscode.CompletionItemProvider = {
    provideCompletionItems: async (document, position) =>
      (await help()).recipeCompletions(services, document, position),
  };
  return vscode.Disposable.from(
    lenses,
    new RecipeDiagnostics(recipes),
    languages.registerCodeLensProvider(selector, lenses),
    languages.registerHoverProvider(selector, hovers),
    languages.registerCodeActionsProvider(selector, remedies, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    languages.registerCompletionItemProvider(selector, completions, '"'),
  );
}
