import * as vscode from 'vscode';
import { isUserError, messageOf } from '../../base/errors';
import type { TextView } from '../../protocol/types';
import { textView } from '../names';
import type { OpenModel } from '../models/openModel';
import type { Lease, ModelStore } from '../models/store';
import { modelUriOf } from './uri';

interface Page {
  readonly lease: Lease;
  /** What the engine answered: a text view, or why there is none. */
  readonly answer: unknown;
  /** What the document shows; undefined where the model cannot be read and the document says why. */
  readonly view: TextView | undefined;
  readonly bytes: Uint8Array;
  /** Rises with every change: VS Code reads a file again when its time has changed. */
  readonly mtime: number;
}

/** A model as its text document shows it. */
export interface ShownText {
  readonly model: OpenModel;
  readonly view: TextView;
}

/**
 * The text views, as files that nobody can write: this way the tab has its lock, a window that comes back finds them again, and
 * typing is answered with a sentence of ours.
 */
export class TextFiles implements vscode.FileSystemProvider, vscode.Disposable {
  private readonly pages = new Map<string, Promise<Page>>();
  private readonly changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changes.event;
  private readonly parts: vscode.Disposable;
  private clock = 0;

  constructor(private readonly models: ModelStore) {
    this.parts = vscode.Disposable.from(
      vscode.workspace.registerFileSystemProvider(textView.scheme, this, {
        isReadonly: readOnlyReason(),
        isCaseSensitive: true,
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => void this.close(uri)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => void this.restore(document)),
      models.onDidChange(({ model, change }) => {
        if (change === 'figures') void this.refresh(model);
      }),
    );
  }

  /** What the document at an address shows, or undefined for a document that is not a readable model's text. */
  async shown(uri: vscode.Uri): Promise<ShownText | undefined> {
    if (uri.scheme !== textView.scheme) return undefined;
    const { view, lease } = await this.page(uri);
    return view && { model: lease.model, view };
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { bytes, mtime } = await this.page(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime, size: bytes.byteLength };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.page(uri)).bytes;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }

  readDirectory(): never {
    throw vscode.FileSystemError.FileNotADirectory();
  }

  createDirectory(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  writeFile(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  delete(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  rename(): never {
    throw vscode.FileSystemError.NoPermissions();
  }

  dispose(): void {
    this.parts.dispose();
    for (const page of this.pages.values()) void page.then(({ lease }) => lease.dispose());
    this.pages.clear();
    this.changes.dispose();
  }

  private page(uri: vscode.Uri): Promise<Page> {
    const key = uri.toString();
    let page = this.pages.get(key);
    if (!page) {
      const model = modelUriOf(uri);
      if (!model) throw vscode.FileSystemError.FileNotFound(uri);
      page = this.write(this.models.acquire(model));
      this.pages.set(key, page);
    }
    return page;
  }

  private async write(lease: Lease): Promise<Page> {
    const answer = await answerOf(lease.model);
    const view = isTextView(answer) ? answer : undefined;
    const text = view?.text ?? apology(lease.model.name, answer);
    return { lease, answer, view, bytes: Buffer.from(text), mtime: ++this.clock };
  }

  private async close(uri: vscode.Uri): Promise<void> {
    const page = this.pages.get(uri.toString());
    this.pages.delete(uri.toString());
    (await page)?.lease.dispose();
  }

  /** Writes the pages of a model anew after its file or its sizes changed; one whose text is the same is left alone. */
  private async refresh(model: OpenModel): Promise<void> {
    for (const [key, page] of this.pages) {
      const { lease, answer } = await page;
      if (lease.model !== model || answer === (await answerOf(model))) continue;
      this.pages.set(key, this.write(lease));
      const uri = vscode.Uri.parse(key, true);
      this.changes.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    }
  }

  /** Being read-only holds for typing only: an edit by another extension does change the document, and is undone here. */
  private async restore(document: vscode.TextDocument): Promise<void> {
    if (document.uri.scheme !== textView.scheme) return;
    const page = await this.pages.get(document.uri.toString());
    if (!page || document.getText() === Buffer.from(page.bytes).toString()) return;
    const all = new vscode.Range(0, 0, document.lineCount, 0);
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, all, Buffer.from(page.bytes).toString());
    await vscode.workspace.applyEdit(edit);
  }
}

function answerOf(model: OpenModel): Promise<unknown> {
  return model.text().catch((error: unknown) => error);
}

function isTextView(value: unknown): value is TextView {
  return typeof value === 'object' && value !== null && 'sections' in value;
}

function readOnlyReason(): vscode.MarkdownString {
  return new vscode.MarkdownString(
    vscode.l10n.t('This text is made from the model. It can be read, searched and copied.'),
  );
}

/** What the document says in place of a model that cannot be read. */
function apology(name: string, error: unknown): string {
  const hint = isUserError(error) && error.hint ? `# ${error.hint}\n` : '';
  return `# ${vscode.l10n.t('{0} cannot be shown as text.', name)}\n# ${messageOf(error)}\n${hint}`;
}
