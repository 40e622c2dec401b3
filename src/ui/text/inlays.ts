import * as vscode from 'vscode';
import { onSettings, setting } from '../config';
import type { TextFiles } from './files';

/** VS Code cuts hints at 43 characters; the whole shape stands in the tooltip then. */
const longest = 42;

/** Shapes behind the nodes. */
export class ShapeHints implements vscode.InlayHintsProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeInlayHints = this.changes.event;
  private readonly settings = onSettings(['textShapes'], () => this.changes.fire());

  constructor(private readonly texts: TextFiles) {}

  async provideInlayHints(
    document: vscode.TextDocument,
    range: vscode.Range,
  ): Promise<vscode.InlayHint[]> {
    if (!setting('textShapes')) return [];
    const shown = await this.texts.shown(document.uri);
    return (shown?.view.nodes ?? [])
      .filter(({ line, shape }) => shape && range.start.line <= line && line <= range.end.line)
      .map(({ line, shape }) => hintAt(document.lineAt(line).range.end, shape));
  }

  dispose(): void {
    this.settings.dispose();
    this.changes.dispose();
  }
}

function hintAt(position: vscode.Position, shape: string): vscode.InlayHint {
  const label = shape.length > longest ? `${shape.slice(0, longest - 1)}…` : shape;
  const hint = new vscode.InlayHint(position, label, vscode.InlayHintKind.Type);
  hint.paddingLeft = true;
  if (label !== shape) hint.tooltip = shape;
  return hint;
}
