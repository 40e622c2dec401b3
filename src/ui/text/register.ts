import * as vscode from 'vscode';
import { textView } from '../names';
import type { Services } from '../services';
import { ActionLenses } from './actionLens';
import { TextFollower } from './follow';
import { TextHovers } from './hover';
import { ShapeHints } from './inlays';
import { TextReferences } from './references';
import { SensitivityLenses } from './sensitivityLens';
import { SourceLinks } from './sources';
import { TextFolding, TextSymbols } from './symbols';

/** Everything the text view offers besides its text. */
export function registerTextView(services: Services): vscode.Disposable {
  const { texts, lenses, selection, models, recipes } = services;
  const selector = { scheme: textView.scheme, language: textView.language };
  const { languages } = vscode;
  const references = new TextReferences(texts);
  const hints = new ShapeHints(texts);
  const actions = new ActionLenses(texts, models, recipes);
  const sensitivity = new SensitivityLenses(texts, models);
  return vscode.Disposable.from(
    hints,
    actions,
    sensitivity,
    new TextFollower(texts, selection),
    // The one registered last stands first in its line.
    languages.registerCodeLensProvider(selector, actions),
    languages.registerCodeLensProvider(selector, sensitivity),
    languages.registerCodeLensProvider(selector, lenses),
    languages.registerHoverProvider(selector, new TextHovers(texts, recipes)),
    languages.registerInlayHintsProvider(selector, hints),
    languages.registerDocumentSymbolProvider(selector, new TextSymbols(texts)),
    languages.registerFoldingRangeProvider(selector, new TextFolding(texts)),
    languages.registerDefinitionProvider(selector, references),
    languages.registerReferenceProvider(selector, references),
    languages.registerDocumentHighlightProvider(selector, references),
    languages.registerDocumentLinkProvider(selector, new SourceLinks(texts)),
  );
}
