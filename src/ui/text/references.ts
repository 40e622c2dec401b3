import * as vscode from 'vscode';
import type { TextFiles } from './files';
import { nameIndexOf } from './names';

/** Go to definition, references and highlights of values and weights. */
export class TextReferences
  implements vscode.DefinitionProvider, vscode.ReferenceProvider, vscode.DocumentHighlightProvider
{
  constructor(private readonly texts: TextFiles) {}

  async provideDefinition(document: vscode.TextDocument, position: vscode.Position) {
    const [definition] = await this.placesAt(document, position);
    return definition && new vscode.Location(document.uri, definition);
  }

  async provideReferences(
    document: vscode.TextDocument,
    position: vscode.Position,
    { includeDeclaration }: vscode.ReferenceContext,
  ) {
    const places = await this.placesAt(document, position);
    const wanted = includeDeclaration ? places : places.slice(1);
    return wanted.map((range) => new vscode.Location(document.uri, range));
  }

  async provideDocumentHighlights(document: vscode.TextDocument, position: vscode.Position) {
    const places = await this.placesAt(document, position);
    return places.map((range, at) => {
      const { Read, Write } = vscode.DocumentHighlightKind;
      return new vscode.DocumentHighlight(range, at === 0 ? Write : Read);
    });
  }

  /** Every place of the value at a position, its definition first. */
  private async placesAt(document: vscode.TextDocument, { line, character }: vscode.Position) {
    const shown = await this.texts.shown(document.uri);
    const found = shown && nameIndexOf(shown.view).at(line, character);
    return (found?.value.places ?? []).map(([at, from, to]) => new vscode.Range(at, from, at, to));
  }
}
