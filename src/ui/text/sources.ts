import * as vscode from 'vscode';
import { exists } from '../models/localFile';
import { setting } from '../config';
import type { TextFiles } from './files';
import { lineOf } from './symbols';

/** Folders that hold others' copies of a source and are slow to search. */
const excluded = '**/{node_modules,.git}/**';

/** Links from a layer to the line of PyTorch source that made it, where that file lies in the workspace. */
export class SourceLinks implements vscode.DocumentLinkProvider {
  constructor(private readonly texts: TextFiles) {}

  async provideDocumentLinks(
    document: vscode.TextDocument,
  ): Promise<vscode.DocumentLink[] | undefined> {
    if (!setting('textSourceLinks')) return undefined;
    const shown = await this.texts.shown(document.uri);
    if (!shown) return undefined;
    const files = new Map<string, vscode.Uri | undefined>();
    for (const file of new Set(shown.view.sources.map((source) => source.file))) {
      files.set(file, await findSource(file));
    }
    return shown.view.sources.flatMap(({ line, file, sourceLine }) => {
      const target = files.get(file);
      if (!target) return [];
      const link = new vscode.DocumentLink(
        placeOf(document, line, file),
        target.with({ fragment: `L${sourceLine}` }),
      );
      link.tooltip = vscode.l10n.t('Open {0}, line {1}', file, sourceLine);
      return [link];
    });
  }
}

/** Where the line names the file, else the whole line. */
function placeOf(document: vscode.TextDocument, line: number, file: string): vscode.Range {
  const whole = lineOf(document, line);
  const text = document.lineAt(whole.start.line).text;
  const from = text.lastIndexOf(baseName(file));
  return from < 0
    ? whole
    : new vscode.Range(whole.start.translate(0, from - whole.start.character), whole.end);
}

const baseName = (file: string) => file.split(/[\\/]/).pop() ?? file;

/**
 * The file of the workspace that a path left by an exporter means: the path itself where it lies in the workspace, else the file
 * whose path ends in most of the same folders. The path is the model's word and may lead anywhere, so nothing else is opened.
 */
async function findSource(file: string): Promise<vscode.Uri | undefined> {
  const direct = vscode.Uri.file(file);
  if (vscode.workspace.getWorkspaceFolder(direct) && (await exists(direct))) return direct;
  const name = baseName(file);
  if (!/^[\w.-]+$/.test(name)) return undefined;
  const found = await vscode.workspace.findFiles(`**/${name}`, excluded, 50);
  const wanted = file.split(/[\\/]/).reverse();
  const shared = (uri: vscode.Uri) => {
    const parts = uri.path.split('/').reverse();
    const differs = wanted.findIndex((part, at) => part !== parts[at]);
    return differs < 0 ? wanted.length : differs;
  };
  return found.sort((one, other) => shared(other) - shared(one))[0];
}
