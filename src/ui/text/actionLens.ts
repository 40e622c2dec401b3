import * as vscode from 'vscode';
import type { Chosen } from '../../protocol/recipeView';
import { onSettings, setting } from '../config';
import { argumentOf } from '../layerArgument';
import type { OpenModel } from '../models/openModel';
import type { ModelStore } from '../models/store';
import { commands } from '../names';
import type { RecipeStore } from '../recipes/store';
import type { TextFiles } from './files';
import { lineOf } from './symbols';

/** Above every layer that can be quantized: what the recipe does to it and a way back, or an offer to quantize it. */
export class ActionLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private readonly parts: vscode.Disposable;

  constructor(
    private readonly texts: TextFiles,
    models: ModelStore,
    private readonly recipes: RecipeStore,
  ) {
    this.parts = vscode.Disposable.from(
      this.changes,
      onSettings(['textActions'], () => this.changes.fire()),
      models.onDidChange(({ change }) => {
        if (change === 'figures') this.changes.fire();
      }),
      recipes.onDidChange(({ change }) => {
        if (change === 'content') this.changes.fire();
      }),
    );
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!setting('textActions')) return [];
    const shown = await this.texts.shown(document.uri);
    if (!shown?.model.inspection) return [];
    const { model, view } = shown;
    const quantizable = await this.recipes.quantizable(model);
    const recipe = this.recipes.of(model);
    return view.sections.flatMap(({ kind, id, line }) => {
      if (kind !== 'layer') return [];
      const chosen = recipe.choices.get(id);
      const range = lineOf(document, line);
      if (chosen) return chosenLenses(range, model, id, chosen, recipe.uri);
      return quantizable.has(id) ? [offerLens(range, model, id)] : [];
    });
  }

  dispose(): void {
    this.parts.dispose();
  }
}

function offerLens(range: vscode.Range, model: OpenModel, layer: string): vscode.CodeLens {
  return new vscode.CodeLens(range, {
    title: vscode.l10n.t('Quantize layer'),
    command: commands.quantizeLayer,
    arguments: [argumentOf(model, [layer])],
  });
}

/** "int8 · 3.9x smaller" leads to the step, "Undo" takes the layer out of it. */
function chosenLenses(
  range: vscode.Range,
  model: OpenModel,
  layer: string,
  { label, title, factor, steps }: Chosen,
  recipe: vscode.Uri,
): vscode.CodeLens[] {
  const smaller = factor === null ? [] : [vscode.l10n.t('{0}x smaller', factor.toFixed(1))];
  return [
    new vscode.CodeLens(range, {
      title: [label, ...smaller].join(' · '),
      tooltip: vscode.l10n.t('{0}: open the recipe', title),
      command: commands.showStep,
      arguments: [{ recipe: recipe.toString(), step: steps.at(-1) ?? 0 }],
    }),
    new vscode.CodeLens(range, {
      title: vscode.l10n.t('Undo'),
      tooltip: vscode.l10n.t('Take this layer out of the recipe'),
      command: commands.undoLayers,
      arguments: [argumentOf(model, [layer])],
    }),
  ];
}
