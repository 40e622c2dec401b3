import * as vscode from 'vscode';
import { removeLayers, removeStep, setModel, type TextEdit } from '../../recipe/edit';
import { baseName, pathFrom } from './address';
import type { Mark } from './diagnostics';
import { rangeOf } from './lenses';
import type { OpenRecipe } from './openRecipe';
import type { RecipeStore } from './store';

interface Fix {
  readonly title: string;
  readonly edits: () => readonly TextEdit[];
}

/** Remedies for the marks in a recipe: each an edit of its text. */
export async function recipeFixes(
  recipes: RecipeStore,
  document: vscode.TextDocument,
  diagnostics: readonly vscode.Diagnostic[],
): Promise<vscode.CodeAction[]> {
  const recipe = recipes.at(document.uri);
  await recipe.load();
  if (recipe.text !== document.getText()) return [];
  return diagnostics
    .filter(({ source }) => source === 'Featherweight')
    .flatMap((mark) => fixesOf(recipe, document, mark).map((fix) => actionOf(document, mark, fix)));
}

function fixesOf(
  recipe: OpenRecipe,
  document: vscode.TextDocument,
  { code, range }: vscode.Diagnostic,
): readonly Fix[] {
  const text = document.getText();
  const offset = document.offsetAt(range.start);
  const steps = recipe.parsed?.places.steps ?? [];
  const at = steps.findIndex((it) => it.offset <= offset && offset < it.offset + it.length);
  const remove = {
    title: vscode.l10n.t('Remove step {0}', at + 1),
    edits: () => removeStep(text, at),
  };
  const layer = steps[at]?.layers.find((it) => it.offset === offset)?.name;
  const leaveOut = (name: string) => ({
    title: vscode.l10n.t('Leave {0} out of this step', name),
    edits: () => removeLayers(text, [name], [at]),
  });
  const fixes: Partial<Record<Mark, readonly Fix[]>> = {
    hash: hashFixes(recipe, text),
    step: [remove],
    nothing: [remove],
    layer: layer === undefined ? [remove] : [leaveOut(layer), remove],
    skipped: layer === undefined ? [] : [leaveOut(layer)],
  };
  return fixes[code as Mark] ?? [];
}

function hashFixes({ uri, model, check }: OpenRecipe, text: string): readonly Fix[] {
  if (!model || !check) return [];
  const { sha256 } = check;
  return [
    {
      title: vscode.l10n.t('Use this recipe for {0} as it is now', baseName(model)),
      edits: () => setModel(text, { file: pathFrom(uri, model), sha256 }),
    },
  ];
}

function actionOf(
  document: vscode.TextDocument,
  mark: vscode.Diagnostic,
  { title, edits }: Fix,
): vscode.CodeAction {
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.diagnostics = [mark];
  action.isPreferred = mark.code === 'hash';
  action.edit = new vscode.WorkspaceEdit();
  for (const { offset, length, content } of edits()) {
    action.edit.replace(document.uri, rangeOf(document, { offset, length }), content);
  }
  return action;
}
