import * as vscode from 'vscode';
import { isCancelled, messageOf } from '../../base/errors';
import { setting } from '../config';
import { showError } from '../errors';
import type { OpenModel } from '../models/openModel';
import { lastChoice, rememberChoice, type SweepChoice } from '../sensitivity/choice';
import { fillSweepForm } from '../sensitivity/form';
import type { Services } from '../services';
import { chooseData } from './data';
import { onLayers } from './layers';
import { mayRun } from './profile';
import { bringUp, targetOf } from './target';

/** Opens a model and measures how much each of its layers suffers from being compressed. */
export async function measureSensitivityCommand(
  services: Services,
  argument?: unknown,
): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await askSensitivity(services, await bringUp(services, uri));
}

/** The same for some layers. */
export const measureLayersCommand = onLayers((services, { model, layers }) =>
  askSensitivity(services, model, layers),
);

/**
 * Asks how, beginning with what was chosen last, and measures; for the data first where none was chosen yet. Progress is shown where the
 * model is; only a failure interrupts. Never throws.
 */
export async function askSensitivity(
  services: Services,
  model: OpenModel,
  layers?: readonly string[],
): Promise<void> {
  if (!(await mayRun(model.name))) return;
  const { workspaceState } = services.context;
  try {
    const options = await services.engine.api.sensitivityOptions({});
    const title = titleFor(model, layers);
    if (model.data === undefined && !model.sensitivity) {
      const asked = vscode.l10n.t('Measure Sensitivity of {0} With…', model.name);
      if (!(await chooseData(model, asked))) return;
    }
    const last = lastChoice(workspaceState);
    const choice = await fillSweepForm({
      ...{ title, model, options, choice: last, layers: layers?.length },
    });
    if (!choice) return;
    rememberChoice(workspaceState, choice);
    await measure(model, choice, layers);
  } catch (error) {
    if (isCancelled(error)) return;
    services.log.error(`${model.name}: ${messageOf(error)}`);
    void showError(error, model.name);
  }
}

function measure(
  model: OpenModel,
  { tier, probes, metric, samples, follow }: SweepChoice,
  layers: readonly string[] | undefined,
): Promise<void> {
  const limit = limitFor(model, metric);
  return model.measureSensitivity({
    ...{ tier, probes: [...probes], samples },
    ...(metric === undefined ? {} : { metric }),
    ...(limit === undefined ? {} : { limit }),
    ...(follow === undefined || tier === 'hints' ? {} : { propagation: follow }),
    ...(layers ? { layers: [...layers] } : {}),
    threads: setting('threads', model.uri),
    seed: setting('seed', model.uri),
  });
}

/** What every layer should be told to be above or below: known where the metric is. */
function limitFor({ sensitivity, uri }: OpenModel, metric: string | undefined) {
  const name = metric ?? sensitivity?.metric.name;
  return name === undefined ? undefined : setting('sensitivitySafe', uri)[name];
}

function titleFor(model: OpenModel, layers: readonly string[] | undefined): string {
  const [only] = layers ?? [];
  const name = model.inspection?.layers.find(({ id }) => id === only)?.name ?? only;
  if (layers === undefined || name === undefined) {
    return vscode.l10n.t('Measure Sensitivity of {0}', model.name);
  }
  return layers.length === 1
    ? vscode.l10n.t('Measure Sensitivity of {0}', name)
    : vscode.l10n.t('Measure Sensitivity of {0} Layers', layers.length);
}
