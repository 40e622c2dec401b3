import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import { formatBytes } from '../../base/format';
import type { Built } from '../../protocol/build';
import { setModel } from '../../recipe/edit';
import { mayRun } from '../commands/profile';
import { setting } from '../config';
import { exists } from '../models/localFile';
import { baseName, pathFrom } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import { changeRecipe } from '../recipes/write';
import type { Services } from '../services';
import { factorText } from '../quantize/estimate';
import { resultName } from '../../report/resultName';
import { usable } from './target';

export interface BuildOptions {
  /** Where the new model goes; asked for, or named after the steps, without it. */
  readonly output?: vscode.Uri | undefined;
  /** That the file at `output` may be overwritten. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Builds a recipe's model with progress that can be cancelled, and keeps it as the recipe's candidate. Undefined where the user thought
 * better of it. Throws what the engine says, `cancelled` among it; then no file was written.
 */
export async function build(
  services: Services,
  recipe: OpenRecipe,
  options: BuildOptions = {},
): Promise<Built | undefined> {
  await recipe.reload();
  const { content, model } = usable(recipe);
  checkSteps(recipe);
  if (model.scheme !== 'file') {
    throw new UserError(
      'unsupported',
      vscode.l10n.t('{0} does not lie on this disk.', baseName(model)),
      vscode.l10n.t('Download the model and build it in a folder.'),
    );
  }
  if (!(await isForModel(recipe, model))) return undefined;
  if (content.data?.calibration !== undefined && !(await mayRun(baseName(model)))) return undefined;
  const place = await placeOf(recipe, model, options);
  return place && run(services, recipe, place);
}

interface Place {
  readonly output: vscode.Uri;
  readonly overwrite: boolean;
}

async function run(
  { engine, models, log }: Services,
  recipe: OpenRecipe,
  { output, overwrite }: Place,
): Promise<Built> {
  const { content, model } = usable(recipe);
  const { steps } = recipe;
  const sizes = models.get(model)?.sizes ?? {};
  const built = await withProgress(
    recipe,
    vscode.l10n.t('Building {0}', baseName(output)),
    (signal, progress) =>
      engine.api.build(
        {
          file: model.fsPath,
          recipe: content,
          folder: vscode.Uri.joinPath(recipe.uri, '..').fsPath,
          output: output.fsPath,
          overwrite,
          threads: setting('threads', model),
          ...sizes,
        },
        { signal, progress },
      ),
  );
  log.info(`Built ${built.output} in ${built.seconds.toFixed(1)} s`);
  recipe.keep({ model: output.toString(), bytes: built.bytes, steps });
  return built;
}

/** Shows long work on a recipe where it can be cancelled: in a notification, and where the recipe is shown. */
export async function withProgress<T>(
  recipe: OpenRecipe,
  title: string,
  work: (signal: AbortSignal, progress: (fraction: number, note: string) => void) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (shown, token) => {
    const listener = token.onCancellationRequested(() => recipe.cancel());
    let told = 0;
    try {
      return await recipe.work(title, (signal, tell) =>
        work(signal, (fraction, note) => {
          tell(fraction, note);
          shown.report({ increment: (fraction - told) * 100, message: note });
          told = fraction;
        }),
      );
    } finally {
      listener.dispose();
    }
  });
}

/** "Built model.int8.onnx: 854 KB → 240 KB · 3.6x smaller." */
export function builtText({ output, bytes, sourceBytes }: Built): string {
  const name = baseName(vscode.Uri.file(output));
  const sizes = `${formatBytes(sourceBytes)} → ${formatBytes(bytes)}`;
  return vscode.l10n.t(
    'Built {0}: {1}.',
    name,
    [sizes, factorText(sourceBytes, bytes)].filter(Boolean).join(', '),
  );
}

function checkSteps({ name, recipe, check }: OpenRecipe): void {
  if (recipe?.steps.length === 0) {
    throw new UserError(
      'badInput',
      vscode.l10n.t('{0} has no steps.', name),
      vscode.l10n.t('Quantize a layer or apply a ready recipe first.'),
    );
  }
  const at = check?.steps.findIndex(({ problem }) => problem !== null) ?? -1;
  const problem = check?.steps[at]?.problem;
  if (problem) {
    throw new UserError('badInput', vscode.l10n.t('{0}, step {1}: {2}', name, at + 1, problem));
  }
}

/** Asks before a recipe made for other weights is used; then it is the recipe of the model as it is now. */
async function isForModel(recipe: OpenRecipe, model: vscode.Uri): Promise<boolean> {
  const sha256 = recipe.recipe?.model.sha256;
  if (sha256 === undefined || sha256 === recipe.check?.sha256) return true;
  const adopt = vscode.l10n.t('Use It for This Model');
  const choice = await vscode.window.showWarningMessage(
    vscode.l10n.t('{0} was made for another version of {1}.', recipe.name, baseName(model)),
    {
      modal: true,
      detail: vscode.l10n.t(
        'The model’s file has changed since. Its layers may be others than those that were meant.',
      ),
    },
    adopt,
  );
  if (choice !== adopt) return false;
  await adoptModel(recipe);
  return true;
}

/** Says in the recipe that it is for the model's file as it is now. */
export async function adoptModel(recipe: OpenRecipe): Promise<void> {
  const { model, check } = recipe;
  if (!model || !check) return;
  const file = pathFrom(recipe.uri, model);
  await changeRecipe(recipe, (text) => setModel(text, { file, sha256: check.sha256 }));
}

async function placeOf(
  recipe: OpenRecipe,
  model: vscode.Uri,
  { output, overwrite = false }: BuildOptions,
): Promise<Place | undefined> {
  const usual = resultName(baseName(model), recipe.recipe?.steps ?? [], recipe.actions);
  const wanted = output ?? vscode.Uri.joinPath(model, '..', usual);
  if (overwrite || !(await exists(wanted))) return { output: wanted, overwrite };
  return askPlace(wanted);
}

async function askPlace(wanted: vscode.Uri): Promise<Place | undefined> {
  const replace = vscode.l10n.t('Overwrite');
  const other = vscode.l10n.t('Other Name…');
  const choice = await vscode.window.showWarningMessage(
    vscode.l10n.t('{0} is there already.', baseName(wanted)),
    { modal: true },
    replace,
    other,
  );
  if (choice === replace) return { output: wanted, overwrite: true };
  if (choice !== other) return undefined;
  const filters = { ONNX: ['onnx'] };
  const output = await vscode.window.showSaveDialog({ defaultUri: wanted, filters });
  // The dialog has asked by itself whether a file may be overwritten.
  return output && { output, overwrite: true };
}
