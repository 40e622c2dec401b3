import * as vscode from 'vscode';
import { isCancelled } from '../../base/errors';
import { measure, measuredText } from '../build/measure';
import { showContext } from '../context';
import { showError } from '../errors';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { bringUp, pickModel, targetOf } from './target';

/** Opens a model and measures another file of it, which any tool may have written, against it. A caller that knows gives the file. */
export async function addCandidateCommand(
  services: Services,
  argument?: unknown,
  candidate?: unknown,
): Promise<void> {
  const uri = await targetOf(services, argument);
  if (!uri) return;
  const model = await bringUp(services, uri);
  await addCandidate(services, model, candidate instanceof vscode.Uri ? candidate : undefined);
}

/** Asks for a model's file unless it is given, and compares it with the model: a point of the chart of candidates. Never throws. */
export async function addCandidate(
  services: Services,
  model: OpenModel,
  given?: vscode.Uri,
): Promise<void> {
  const { uri: original, name } = model;
  try {
    const title = vscode.l10n.t('Measure Which Model against {0}?', name);
    const candidate = given ?? (await pickModel(title, original));
    if (!candidate) return;
    const recipe = services.recipes.of(model);
    await recipe.load();
    const comparison = await measure(services, { original, candidate, recipe });
    if (!comparison) return;
    showContext('didCompare', true);
    void vscode.window.showInformationMessage(measuredText(comparison));
  } catch (error) {
    if (isCancelled(error)) return;
    services.log.error(error instanceof Error ? error : String(error));
    void showError(error, name);
  }
}
