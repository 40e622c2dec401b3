import * as vscode from 'vscode';
import { onSettings, setting } from '../config';
import { argumentOf } from '../layerArgument';
import type { OpenModel } from '../models/openModel';
import type { ModelStore } from '../models/store';
import { commands } from '../names';
import { judgedText, judgeOf } from '../sensitivity/verdict';
import type { TextFiles } from './files';
import { lineOf } from './symbols';

class SensitivityLens extends vscode.CodeLens {
  constructor(
    range: vscode.Range,
    readonly model: OpenModel,
    readonly layer: string,
    readonly text: string,
  ) {
    super(range);
  }
}

/** "4-bit: KL 0.0003, safe" above every layer that was measured; it opens what else is known and can be done. */
export class SensitivityLenses
  implements vscode.CodeLensProvider<SensitivityLens>, vscode.Disposable
{
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private readonly parts: vscode.Disposable;

  constructor(
    private readonly texts: TextFiles,
    models: ModelStore,
  ) {
    this.parts = vscode.Disposable.from(
      this.changes,
      onSettings(['textSensitivity', 'sensitivitySafe'], () => this.changes.fire()),
      models.onDidChange(({ change }) => {
        if (change === 'figures') this.changes.fire();
      }),
    );
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<SensitivityLens[]> {
    if (!setting('textSensitivity')) return [];
    const shown = await this.texts.shown(document.uri);
    const judge = shown && judgeOf(shown.model);
    if (!judge) return [];
    const { model, view } = shown;
    return view.sections.flatMap(({ kind, id, line }) => {
      const finding = kind === 'layer' ? judge.telling(id) : undefined;
      if (!finding) return [];
      const text = judgedText(finding, judge.sensitivity);
      return [new SensitivityLens(lineOf(document, line), model, id, text)];
    });
  }

  resolveCodeLens(lens: SensitivityLens): SensitivityLens {
    const { model, layer, text } = lens;
    lens.command = {
      title: text,
      tooltip: vscode.l10n.t('What compressing this layer does, and what can be done'),
      command: commands.showSensitivity,
      arguments: [argumentOf(model, [layer])],
    };
    return lens;
  }

  dispose(): void {
    this.parts.dispose();
  }
}
