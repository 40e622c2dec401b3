import * as vscode from 'vscode';
import { showContext } from '../context';
import type { Services } from '../services';
import { textUriOf } from '../text/uri';
import { pickModel, targetOf } from './target';

/** Shows two models' texts side by side. From the explorer, two selected files are compared at once. */
export async function compareCommand(
  services: Services,
  argument?: unknown,
  selected?: unknown,
): Promise<void> {
  const [first, second] = await pairOf(services, argument, selected);
  if (!first || !second) return;
  const title = `${nameOf(first)} ↔ ${nameOf(second)}`;
  await vscode.commands.executeCommand('vscode.diff', textUriOf(first), textUriOf(second), title, {
    preview: false,
  });
  showContext('didCompare', true);
}

async function pairOf(services: Services, argument: unknown, selected: unknown) {
  const models = Array.isArray(selected)
    ? selected.filter((it): it is vscode.Uri => it instanceof vscode.Uri)
    : [];
  if (models.length === 2) return models;
  const first = await targetOf(services, argument);
  if (!first) return [];
  return [first, await pickModel(vscode.l10n.t('Compare {0} with…', nameOf(first)), first)];
}

const nameOf = (uri: vscode.Uri) => uri.path.split('/').slice(-2).join('/');
