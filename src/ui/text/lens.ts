import * as vscode from 'vscode';
import { onSettings, setting } from '../config';
import { showContext } from '../context';
import { costLine } from '../costLine';
import { figuresOf } from '../figures';
import { argumentOf } from '../layerArgument';
import type { OpenModel } from '../models/openModel';
import type { ModelStore } from '../models/store';
import { commands } from '../names';
import type { TextFiles } from './files';
import { outlineOf } from './outline';
import { lineOf } from './symbols';

class CostLens extends vscode.CodeLens {
  constructor(
    range: vscode.Range,
    readonly model: OpenModel,
    readonly layers: readonly string[],
  ) {
    super(range);
  }
}

/** What every layer and module costs, above its line. They can be cleared until the next profile, or by a setting for good. */
export class CostLenses implements vscode.CodeLensProvider<CostLens>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private readonly parts: vscode.Disposable;
  private shown = true;

  constructor(
    private readonly texts: TextFiles,
    models: ModelStore,
  ) {
    this.parts = vscode.Disposable.from(
      onSettings(['textLenses'], () => this.changes.fire()),
      models.onDidChange(({ model, change }) => {
        if (change === 'progress') return;
        if (model.isProfiling && !this.shown) this.show();
        this.changes.fire();
      }),
    );
    showContext('lensesShown', true);
  }

  show(): void {
    this.set(true);
  }

  clear(): void {
    this.set(false);
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<CostLens[]> {
    if (!this.shown || !setting('textLenses')) return [];
    const shown = await this.texts.shown(document.uri);
    if (!shown?.model.inspection) return [];
    const lenses: CostLens[] = [];
    const walk = (items: ReturnType<typeof outlineOf>) => {
      for (const { section, layers, children } of items) {
        const range = lineOf(document, section.line);
        if (layers.length > 0) lenses.push(new CostLens(range, shown.model, layers));
        walk(children);
      }
    };
    walk(outlineOf(shown.view.sections));
    return lenses;
  }

  resolveCodeLens(lens: CostLens): CostLens {
    const figures = figuresOf(lens.model);
    if (!figures) return lens;
    lens.command = {
      title: costLine(figures.costOf(lens.layers)),
      tooltip: vscode.l10n.t('Show in the dashboard'),
      command: commands.showInDashboard,
      arguments: [argumentOf(lens.model, lens.layers)],
    };
    return lens;
  }

  dispose(): void {
    this.parts.dispose();
    this.changes.dispose();
  }

  private set(shown: boolean): void {
    this.shown = shown;
    showContext('lensesShown', shown);
    this.changes.fire();
  }
}
