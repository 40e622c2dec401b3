import * as vscode from 'vscode';
import type { Selected, Selection } from '../selection';
import type { TextFiles } from './files';
import { findItem, outlineOf, sectionAt, type Section } from './outline';
import { textView } from '../names';
import { lineOf, startOfLine } from './symbols';

/** The pointer passes over many lines; only where it rests is selected. */
const restMs = 150;

/** Keeps the text views and the shared selection together: the cursor selects its layer, and a selection made elsewhere is shown. */
export class TextFollower implements vscode.Disposable {
  private readonly parts: vscode.Disposable;
  private readonly mark = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground'),
    overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.rangeHighlightForeground'),
  });
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly texts: TextFiles,
    private readonly selection: Selection,
  ) {
    this.parts = vscode.Disposable.from(
      this.mark,
      vscode.window.onDidChangeTextEditorSelection((event) => this.moved(event)),
      selection.onDidChange((selected) => void this.show(selected)),
      { dispose: () => clearTimeout(this.timer) },
    );
  }

  dispose(): void {
    this.parts.dispose();
  }

  private moved({ textEditor, kind }: vscode.TextEditorSelectionChangeEvent): void {
    if (textEditor.document.uri.scheme !== textView.scheme) return;
    const { Mouse, Keyboard } = vscode.TextEditorSelectionChangeKind;
    if (kind !== Mouse && kind !== Keyboard) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.selectAt(textEditor), restMs);
  }

  private async selectAt({ document, selections }: vscode.TextEditor): Promise<void> {
    const shown = await this.texts.shown(document.uri);
    if (!shown) return;
    const layers = selections.flatMap((each) => layersIn(shown.view.sections, each));
    if (layers.length > 0) this.selection.set(shown.model, [...new Set(layers)], 'text');
  }

  private async show({ model, layers, origin }: Selected): Promise<void> {
    const wanted = new Set(layers);
    for (const editor of vscode.window.visibleTextEditors) {
      const shown = await this.texts.shown(editor.document.uri);
      if (shown?.model !== model) continue;
      const lines = shown.view.sections.filter(
        ({ kind, id }) => kind === 'layer' && wanted.has(id),
      );
      const ranges = lines.map(({ line }) => lineOf(editor.document, line));
      editor.setDecorations(this.mark, ranges);
      const [first] = ranges;
      const { InCenterIfOutsideViewport } = vscode.TextEditorRevealType;
      // Its start alone: a long line would scroll sideways and hide the names of the modules.
      if (first && origin !== 'text') {
        editor.revealRange(startOfLine(first), InCenterIfOutsideViewport);
      }
    }
  }
}

/** What the cursor is in, or everything that a stretch of marked lines touches. */
function layersIn(sections: readonly Section[], selection: vscode.Selection): readonly string[] {
  const { start, end, active } = selection;
  if (start.line === end.line) {
    const section = sectionAt(sections, active.line);
    const item = section && findItem(outlineOf(sections), (it) => it === section);
    return item?.layers ?? [];
  }
  return sections
    .filter((it) => it.kind === 'layer' && it.line <= end.line && it.end >= start.line)
    .map(({ id }) => id);
}
