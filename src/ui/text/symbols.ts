import * as vscode from 'vscode';
import type { TextView } from '../../protocol/types';
import type { TextFiles } from './files';
import { outlineOf, type OutlineItem } from './outline';

/** More symbols than this make the outline slow: then the layers have to do without their nodes. */
const mostNodes = 20_000;

/** Outline, breadcrumbs, sticky scroll and `@` search: modules, layers and nodes. */
export class TextSymbols implements vscode.DocumentSymbolProvider {
  constructor(private readonly texts: TextFiles) {}

  async provideDocumentSymbols(
    document: vscode.TextDocument,
  ): Promise<vscode.DocumentSymbol[] | undefined> {
    const shown = await this.texts.shown(document.uri);
    if (!shown) return undefined;
    const nodes = nodesByLayer(shown.view);
    const symbol = (item: OutlineItem): vscode.DocumentSymbol => {
      const { section } = item;
      const made = new vscode.DocumentSymbol(
        section.name || section.id,
        '',
        section.kind === 'module' ? vscode.SymbolKind.Module : vscode.SymbolKind.Class,
        spanOf(document, section.line, section.end),
        lineOf(document, section.line),
      );
      made.children = item.children.map(symbol);
      if (section.kind === 'layer') made.children.push(...nodeSymbols(document, nodes, section.id));
      return made;
    };
    return outlineOf(shown.view.sections).map(symbol);
  }
}

/** Modules and layers fold. */
export class TextFolding implements vscode.FoldingRangeProvider {
  constructor(private readonly texts: TextFiles) {}

  async provideFoldingRanges(
    document: vscode.TextDocument,
  ): Promise<vscode.FoldingRange[] | undefined> {
    const shown = await this.texts.shown(document.uri);
    return shown?.view.sections
      .filter(({ line, end }) => end > line)
      .map(({ line, end }) => new vscode.FoldingRange(line, end));
  }
}

type Nodes = ReadonlyMap<string, TextView['nodes']>;

function nodesByLayer(view: TextView): Nodes {
  const byLayer = new Map<string, TextView['nodes']>();
  if (view.nodes.length > mostNodes) return byLayer;
  for (const node of view.nodes) {
    const before = byLayer.get(node.layer);
    if (before) before.push(node);
    else byLayer.set(node.layer, [node]);
  }
  return byLayer;
}

function nodeSymbols(document: vscode.TextDocument, nodes: Nodes, layer: string) {
  return (nodes.get(layer) ?? []).map(({ id, line, shape }) => {
    const range = lineOf(document, line);
    return new vscode.DocumentSymbol(id, shape, vscode.SymbolKind.Operator, range, range);
  });
}

/** The text of a line without its indentation. */
export function lineOf(document: vscode.TextDocument, line: number): vscode.Range {
  const { firstNonWhitespaceCharacterIndex: from, range } = document.lineAt(clamp(document, line));
  return new vscode.Range(range.start.line, from, range.end.line, range.end.character);
}

/** An empty range at the line's first column, to scroll to. */
export function startOfLine({ start }: vscode.Range): vscode.Range {
  return new vscode.Range(start.line, 0, start.line, 0);
}

function spanOf(document: vscode.TextDocument, line: number, end: number): vscode.Range {
  return new vscode.Range(
    clamp(document, line),
    0,
    clamp(document, end),
    document.lineAt(clamp(document, end)).range.end.character,
  );
}

/** A document that has just changed can be shorter than the view that was made for it. */
function clamp(document: vscode.TextDocument, line: number): number {
  return Math.min(line, document.lineCount - 1);
}
