import * as vscode from 'vscode';
import type { CheckedStep } from '../../protocol/build';
import type { Place } from '../../recipe/spots';
import type { StepArgument } from '../commands/recipe';
import { onSettings, setting } from '../config';
import { commands, type CommandName } from '../names';
import { factorText, savingText } from '../quantize/estimate';
import type { OpenRecipe } from './openRecipe';
import type { RecipeStore } from './store';

/** Build and Measure above a recipe; above each step what it does, its layers, and a way to remove it. */
export class RecipeLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private readonly parts: vscode.Disposable;

  constructor(private readonly recipes: RecipeStore) {
    this.parts = vscode.Disposable.from(
      this.changes,
      onSettings(['recipeLenses'], () => this.changes.fire()),
      recipes.onDidChange(({ change }) => {
        if (change === 'content') this.changes.fire();
      }),
    );
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!setting('recipeLenses', document.uri)) return [];
    const recipe = this.recipes.at(document.uri);
    await recipe.load();
    const { parsed } = recipe;
    // Places of an older text would put lenses on the wrong lines; the recipe is read again in a moment.
    if (!parsed || recipe.text !== document.getText()) return [];
    return [
      ...headLenses(recipe, document),
      ...parsed.places.steps.flatMap((place, step) => stepLenses(recipe, document, place, step)),
    ];
  }

  dispose(): void {
    this.parts.dispose();
  }
}

function headLenses(recipe: OpenRecipe, document: vscode.TextDocument): vscode.CodeLens[] {
  const range = document.lineAt(0).range;
  const { check, model, uri } = recipe;
  if (!model || !recipe.recipe) return [];
  const lens = (title: string, name: CommandName, tooltip: string, on = uri) => {
    const command = { title, tooltip, command: commands[name], arguments: [on.toString()] };
    return new vscode.CodeLens(range, command);
  };
  return [
    lens(vscode.l10n.t('Build'), 'build', vscode.l10n.t('Make the steps and write the new model')),
    lens(
      vscode.l10n.t('Measure'),
      'measureCandidate',
      vscode.l10n.t('Run the new model and the original on the same inputs'),
    ),
    lens(
      vscode.l10n.t('Apply Recipe…'),
      'applyRecipe',
      vscode.l10n.t('Use the steps of a ready recipe'),
    ),
    ...(check && check.before !== check.after
      ? [
          lens(
            `${vscode.l10n.t('file')} ${savingText(check)}`,
            'openDashboard',
            vscode.l10n.t('Open the model'),
            model,
          ),
        ]
      : []),
  ];
}

function stepLenses(
  recipe: OpenRecipe,
  document: vscode.TextDocument,
  place: Place,
  step: number,
): vscode.CodeLens[] {
  const range = rangeOf(document, place);
  const argument: StepArgument = { recipe: recipe.uri.toString(), step };
  const lens = (title: string, name: CommandName) =>
    new vscode.CodeLens(range, { title, command: commands[name], arguments: [argument] });
  const checked = recipe.check?.steps[step];
  return [
    ...(checked && checked.layers.length > 0
      ? [lens(outcomeText(checked), 'showStepLayers')]
      : checked
        ? [lens(vscode.l10n.t('changes no layer'), 'showStepLayers')]
        : []),
    lens(vscode.l10n.t('Remove step'), 'removeStep'),
  ];
}

/** "Go to 41 layers · 90.9 MB → 23.1 MB · 3.9x smaller"; a step that moves no bytes says its layers alone. */
function outcomeText({ layers, before, after }: CheckedStep): string {
  const where =
    layers.length === 1
      ? vscode.l10n.t('Go to 1 layer')
      : vscode.l10n.t('Go to {0} layers', layers.length);
  return factorText(before, after) ? `${where} · ${savingText({ before, after })}` : where;
}

/** A place of the recipe's text as an editor counts it. */
export function rangeOf(document: vscode.TextDocument, { offset, length }: Place): vscode.Range {
  return new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
}
