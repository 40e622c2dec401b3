import * as vscode from 'vscode';
import { isCancelled, messageOf } from '../../base/errors';
import { setting } from '../config';
import { showError } from '../errors';
import type { OpenModel } from '../models/openModel';
import type { Services } from '../services';
import { chooseData } from './data';
import { mayRun } from './profile';
import { bringUp, targetOf } from './target';

/** Enough to rank the layers of a model by, at the cost of minutes at most for models of a few hundred megabytes. */
const samples = 128;

/** Opens a model and measures how much each of its layers suffers from being compressed. */
export async function measureSensitivityCommand(
  services: Services,
  argument?: unknown,
): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await startSensitivity(services, await bringUp(services, uri));
}

/**
 * Measures on the data that was chosen for the model, and asks for some where none was. Progress is shown where the model is; only a
 * failure interrupts. Never throws.
 */
export async function startSensitivity(services: Services, model: OpenModel): Promise<void> {
  if (!(await mayRun(model.name))) return;
  const title = vscode.l10n.t('Measure Sensitivity of {0} With…', model.name);
  try {
    if (model.data === undefined && !(await chooseData(model, title))) return;
    await model.measureSensitivity({
      ...{ probes: [], samples },
      threads: setting('threads', model.uri),
      seed: setting('seed', model.uri),
    });
  } catch (error) {
    if (isCancelled(error)) return;
    services.log.error(`${model.name}: ${messageOf(error)}`);
    await showError(error, model.name);
  }
}
