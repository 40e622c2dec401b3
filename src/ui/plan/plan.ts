import * as vscode from 'vscode';
import { formatBytes, formatFactor, formatMs, formatSmall } from '../../base/format';
import { type Plan, type PlanFigures, usualDraw } from '../../protocol/plan';
import { setSteps } from '../../recipe/edit';
import { setting } from '../config';
import type { OpenModel } from '../models/openModel';
import { pathFrom } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import { changeRecipe, createRecipe } from '../recipes/write';
import type { Services } from '../services';
import type { PlanAsked } from './ask';

/** Chooses an action for every layer, with progress that can be cancelled in a notification and on the dashboard. */
export async function makePlan(model: OpenModel, asked: PlanAsked, data: string): Promise<Plan> {
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
      return await model.plan({ data, ...usualDraw, ...asked, threads });
    } finally {
      parts.dispose();
    }
  });
}

/** Puts a plan's steps, with their reasons as notes, in the place of the recipe's. One undo takes it back. */
export async function writePlan(
  { recipes }: Services,
  { model, recipe }: { readonly model: OpenModel; readonly recipe: OpenRecipe },
  { steps, basis }: Plan,
  data: string,
): Promise<void> {
  await createRecipe(recipe, model.uri, recipes);
  const calibration = pathFrom(recipe.uri, vscode.Uri.file(data));
  const known = recipe.recipe?.data;
  await changeRecipe(recipe, (text) =>
    setSteps(text, steps, {
      ...known,
      calibration,
      samples: basis.calibrating,
      seed: usualDraw.seed,
    }),
  );
}

/**
 * "22.4 MB, 2.4x as fast, KL divergence 0.0013, 0.0011 to 0.0016 (sum of layers: 22.4 MB, 0.0011), on 320 samples of dev.npz that served
 * nothing else": what was measured beside the prediction, then what was not.
 */
export function planText(plan: Plan): string {
  const { measured, predicted, metric, basis, data } = plan;
  const { low, high } = measured.intervals.damage;
  const made = [
    ...figuresText(measured, metric.title),
    vscode.l10n.t('{0} to {1}', formatSmall(low), formatSmall(high)),
  ].join(', ');
  const sum = predicted
    ? vscode.l10n.t('sum of layers: {0}', figuresText(predicted, '').join(', '))
    : vscode.l10n.t('as the ready scheme {0}', plan.layers[0]?.choice ?? '');
  const name = data.split(/[\\/]/).at(-1) ?? data;
  const on = basis.heldOut
    ? vscode.l10n.t('on {0} samples of {1} that served nothing else', basis.holding, name)
    : vscode.l10n.t('on {0} samples of {1}', basis.holding, name);
  const notes = plan.notes.map((note) => note.replace(/\.$/, ''));
  return [`${made} (${sum}), ${on}`, ...notes].join('. ');
}

function figuresText({ bytes, latencyMs, speed, damage }: PlanFigures, title: string): string[] {
  return [
    formatBytes(bytes),
    ...(latencyMs === null ? [] : [formatMs(latencyMs)]),
    ...(speed === null ? [] : [vscode.l10n.t('{0} as fast', formatFactor(speed))]),
    `${title} ${formatSmall(damage)}`.trim(),
  ];
}
