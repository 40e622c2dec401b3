import * as vscode from 'vscode';
import type { Services } from '../services';
import { textUriOf } from '../text/uri';
import { targetOf } from './target';

/** Opens a model as text. */
export async function openTextCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (!uri) return;
  await vscode.window.showTextDocument(textUriOf(uri), { preview: false });
}
