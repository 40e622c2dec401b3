import * as vscode from 'vscode';
import { formatBytes, formatCount, formatMs } from '../base/format';
import { onSettings, setting } from './config';
import { showContext } from './context';
import type { OpenModel } from './models/openModel';
import type { ModelStore } from './models/store';
import { commands } from './names';

/** The one status bar item, while a model is in front: its size and its time, or how far a profile has come. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'featherweight.model',
    vscode.StatusBarAlignment.Right,
    100,
  );
  private readonly parts: vscode.Disposable;

  constructor(private readonly models: ModelStore) {
    this.item.name = vscode.l10n.t('Featherweight: Model');
    this.parts = vscode.Disposable.from(
      this.item,
      models.onDidChangeActive(() => this.update()),
      models.onDidChange(({ model }) => {
        if (model === models.active) this.update();
      }),
      onSettings(['statusBar'], () => this.update()),
    );
    this.update();
  }

  dispose(): void {
    this.parts.dispose();
  }

  private update(): void {
    const model = this.models.active;
    showContext('active', model !== undefined);
    showContext('profiled', model?.profile !== undefined);
    showContext('measured', model?.sensitivity !== undefined);
    showContext('profiling', model?.isMeasuring ?? false);
    if (!model || !setting('statusBar')) return this.item.hide();
    this.item.text = textFor(model);
    this.item.tooltip =
      model.error?.message ?? vscode.l10n.t('{0}: open the dashboard', model.name);
    this.item.accessibilityInformation = { label: `${model.name}: ${plain(this.item.text)}` };
    this.item.command = { title: '', command: commands.openDashboard, arguments: [model.uri] };
    this.item.show();
  }
}

function textFor({ busy, error, inspection, profile }: OpenModel): string {
  if (busy) return `$(loading~spin) ${busy.note || busy.what}`;
  if (!inspection) return `$(warning) ${error ? vscode.l10n.t('Unreadable model') : ''}`;
  const { parameters, weightBytes } = inspection.totals;
  const counted = `${formatCount(parameters)} · ${formatBytes(weightBytes)}`;
  const latency = profile ? ` · ${formatMs(profile.measured.latencyMs.median)}` : '';
  return `$(pulse) ${counted}${latency}`;
}

const plain = (text: string) => text.replace(/\$\([^)]*\)\s*/g, '');
