import * as vscode from 'vscode';
import { formatBytes, formatMs, formatSmall } from '../../base/format';
import type { Plan, PlanFigures, PlanLimit } from '../../protocol/plan';
import { setSteps } from '../../recipe/edit';
import { setting } from '../config';
import type { OpenModel } from '../models/openModel';
import { pathFrom } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import { changeRecipe, createRecipe } from '../recipes/write';
import type { Services } from '../services';

/** As many as `featherweight plan` takes. */
const samples = 128;

/** Chooses an action for every layer, with progress that can be cancelled in a notification and on the dashboard. */
export async function makePlan(model: OpenModel, limit: PlanLimit, data: string): Promise<Plan> {
  const title = vscode.l10n.t('Planning {0}', model.name);
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (shown, token) => {
    let told = 0;
    const parts = vscode.Disposable.from(
      token.onCancellationRequested(() => model.cancel()),
      model.onDidChange(() => {
        const { fraction = 0, note = '', task } = model.busy ?? {};
        if (task !== 'plan') return;
        shown.report({ increment: (fraction - told) * 100, message: note });
        told = fraction;
      }),
    );
    try {
      const threads = setting('threads', model.uri);
      return await model.plan({ data, samples, limit, threads });
    } finally {
      parts.dispose();
    }
  });
}

/** Puts a plan's steps, with their reasons as notes, in the place of the recipe's. One undo takes it back. */
export async function writePlan(
  { recipes }: Services,
  { model, recipe }: { readonly model: OpenModel; readonly recipe: OpenRecipe },
  { steps }: Plan,
  data: string,
): Promise<void> {
  await createRecipe(recipe, model.uri, recipes);
  const calibration = pathFrom(recipe.uri, vscode.Uri.file(data));
  const known = recipe.recipe?.data;
  await changeRecipe(recipe, (text) => setSteps(text, steps, { ...known, calibration }));
}

/** "22.4 MB, KL divergence 0.0013 (sum of layers: 22.4 MB, 0.0011); 128 samples of dev.npz": what was measured beside the prediction. */
export function planText({ measured, predicted, metric, samples, data }: Plan): string {
  const figures = ({ bytes, latencyMs, damage }: PlanFigures, title: string) =>
    [
      formatBytes(bytes),
      ...(latencyMs === null ? [] : [formatMs(latencyMs)]),
      `${title} ${formatSmall(damage)}`.trim(),
    ].join(', ');
  return vscode.l10n.t(
    '{0} (sum of layers: {1}), {2} samples of {3}',
    figures(measured, metric.title),
    figures(predicted, ''),
    samples,
    data.split(/[\\/]/).at(-1) ?? data,
  );
}
