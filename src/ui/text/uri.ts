import type * as vscode from 'vscode';
import { textView } from '../names';

/**
 * The text view's address of a model: the model's own path with `text` appended, so that the language follows from the file name
 * and a restored window needs nothing else. Where the model does not lie on disk, the query carries where it does.
 */
export function textUriOf(model: vscode.Uri): vscode.Uri {
  const path = `${model.path}text`;
  if (model.scheme === 'file') return model.with({ scheme: textView.scheme, path, query: '' });
  const query = new URLSearchParams({ scheme: model.scheme, query: model.query }).toString();
  return model.with({ scheme: textView.scheme, path, query });
}

/** The inverse of `textUriOf`, or undefined for an address of another scheme. */
export function modelUriOf(text: vscode.Uri): vscode.Uri | undefined {
  if (text.scheme !== textView.scheme || !text.path.endsWith('text')) return undefined;
  const query = new URLSearchParams(text.query);
  return text.with({
    scheme: query.get('scheme') ?? 'file',
    path: text.path.slice(0, -'text'.length),
    query: query.get('query') ?? '',
  });
}
