import * as vscode from 'vscode';
import type { Dimensions } from '../models/openModel';
import type { Services } from '../services';
import { bringUp, targetOf } from './target';

/** Asks for the size of each symbolic dimension; the answer is remembered with the model. */
export async function setDimensionsCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (!uri) return;
  const model = await bringUp(services, uri);
  const { dimensions } = model;
  if (!dimensions) return;
  if (dimensions.length === 0) {
    await vscode.window.showInformationMessage(
      vscode.l10n.t('Every dimension of {0} has a fixed size.', model.name),
    );
    return;
  }
  const dims = await askSizes(dimensions, model.sizes.dims ?? {});
  if (dims) await model.setSizes({ ...model.sizes, dims });
}

async function askSizes(
  dimensions: Dimensions,
  chosen: Readonly<Record<string, number>>,
): Promise<Record<string, number> | undefined> {
  const sizes: Record<string, number> = {};
  for (const [at, { symbol, role, size }] of dimensions.entries()) {
    const answer = await vscode.window.showInputBox({
      title: vscode.l10n.t('Set Dimensions ({0}/{1})', at + 1, dimensions.length),
      prompt:
        role === 'other'
          ? vscode.l10n.t('Size of {0}', symbol)
          : vscode.l10n.t('Size of {0} ({1})', symbol, role),
      value: String(chosen[symbol] ?? chosen[role] ?? size),
      validateInput: problemWith,
      // Several answers are asked for: a click elsewhere must not lose those already given.
      ignoreFocusOut: true,
    });
    if (answer === undefined) return undefined;
    sizes[symbol] = Number(answer);
  }
  return sizes;
}

function problemWith(text: string): string | undefined {
  return /^[1-9]\d{0,8}$/.test(text.trim())
    ? undefined
    : vscode.l10n.t('A whole number from 1 to 999,999,999.');
}
