import * as vscode from 'vscode';
import type { Verdict } from '../../report/sensitivity/verdict';
import { findingText } from '../../report/sensitivity/verdict';
import { onSettings, setting } from '../config';
import type { OpenModel } from '../models/openModel';
import type { ModelStore } from '../models/store';
import { textView } from '../names';
import { judgeOf, verdictText } from '../sensitivity/verdict';

/** Blue, yellow and red are told apart by nearly everybody; the figure beside the name says the same in words. */
const colors = {
  safe: 'charts.blue',
  open: 'charts.yellow',
  unsafe: 'charts.red',
  unknown: undefined,
} satisfies Record<Verdict, string | undefined>;

/** The address that a row of the tree is decorated under: no file lies there, so nobody else decorates it. */
export function rowAddress(model: OpenModel, layer: string): vscode.Uri {
  const query = JSON.stringify([model.uri.toString(), layer]);
  return vscode.Uri.from({ scheme: textView.scheme, path: '/layer', query });
}

/** Colours the layers of the tree by what compressing them was measured to do. */
export class DamageColors implements vscode.FileDecorationProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<undefined>();
  readonly onDidChangeFileDecorations = this.changes.event;
  private readonly parts: vscode.Disposable;

  constructor(private readonly models: ModelStore) {
    this.parts = vscode.Disposable.from(
      this.changes,
      vscode.window.registerFileDecorationProvider(this),
      onSettings(['treeSensitivity', 'sensitivitySafe'], () => this.changes.fire(undefined)),
      models.onDidChange(({ change }) => {
        if (change === 'figures') this.changes.fire(undefined);
      }),
    );
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== textView.scheme || uri.path !== '/layer') return undefined;
    if (!setting('treeSensitivity')) return undefined;
    const [address, layer] = JSON.parse(uri.query) as [string, string];
    const model = this.models.get(vscode.Uri.parse(address, true));
    const finding = model && judgeOf(model)?.ranked(layer);
    const color = finding && colors[finding.verdict];
    if (!finding || color === undefined) return undefined;
    const { ThemeColor, FileDecoration } = vscode;
    return new FileDecoration(undefined, verdictText(finding.verdict), new ThemeColor(color));
  }

  dispose(): void {
    this.parts.dispose();
  }
}

/** "4-bit: KL 0.0003": what stands beside a layer's name, so that its colour never stands alone. */
export function damageText(model: OpenModel, layer: string): string | undefined {
  const judge = judgeOf(model);
  const finding = judge?.ranked(layer);
  return judge && finding && findingText(finding, judge.sensitivity);
}
