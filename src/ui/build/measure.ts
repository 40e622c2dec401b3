import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import { formatBytes } from '../../base/format';
import type { Comparison } from '../../protocol/build';
import { setMeasured } from '../../recipe/edit';
import { measuredFrom } from '../../recipe/measured';
import { mayRun } from '../commands/profile';
import { setting } from '../config';
import { exists, localFile } from '../models/localFile';
import { baseName, resolvedFrom } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import { changeRecipe } from '../recipes/write';
import type { Services } from '../services';
import { withProgress } from './build';

/** The two models of a comparison, and the recipe that made one of the other. */
export interface Pair {
  readonly original: vscode.Uri;
  readonly candidate: vscode.Uri;
  readonly recipe: OpenRecipe;
}

/**
 * Runs two models on the same inputs, with the recipe's evaluation data where it names some, else with what was chosen for the original, and
 * keeps the result with the recipe: in its `measured` section where the candidate was built from its steps. Undefined in a folder that is not trusted. Throws what the engine
 * says.
 */
export async function measure(
  services: Services,
  { original, candidate, recipe }: Pair,
): Promise<Comparison | undefined> {
  if (!(await mayRun(baseName(original)))) return undefined;
  if (!(await exists(candidate))) {
    throw new UserError(
      'missingFile',
      vscode.l10n.t('{0} is not there.', baseName(candidate)),
      vscode.l10n.t('Build the model first.'),
    );
  }
  const isOurs = recipe.candidate?.model === candidate.toString();
  const steps = isOurs ? (recipe.candidate?.steps ?? '') : '';
  const title = vscode.l10n.t('Comparing {0} with {1}', baseName(candidate), baseName(original));
  const comparison = await withProgress(recipe, title, (signal, progress) =>
    compare(services, { original, candidate, recipe }, { signal, progress, steps }),
  );
  recipe.comparison = { value: comparison, steps };
  recipe.changed();
  await services.candidates.keep({ uri: original }, candidate, comparison);
  if (recipe.recipe && steps === recipe.steps) {
    await changeRecipe(recipe, (text) => setMeasured(text, measuredFrom(comparison)));
  }
  return comparison;
}

interface Watching {
  readonly signal: AbortSignal;
  readonly progress: (fraction: number, note: string) => void;
  readonly steps: string;
}

async function compare(
  { engine, models, context }: Services,
  { original, candidate, recipe }: Pair,
  { signal, progress, steps }: Watching,
): Promise<Comparison> {
  const storage = context.storageUri ?? context.globalStorageUri;
  const evaluation = recipe.recipe?.data?.evaluation;
  const data =
    evaluation === undefined
      ? models.get(original)?.data
      : resolvedFrom(recipe.uri, evaluation).fsPath;
  const request = {
    file: await localFile(original, storage),
    candidate: await localFile(candidate, storage),
    ...(data === undefined ? {} : { data }),
    threads: setting('threads', original),
    rounds: setting('compareRounds', original),
    warmup: setting('warmup', original),
    seed: setting('seed', original),
    ...(models.get(original)?.sizes ?? {}),
  };
  return engine.api.compare(request, {
    ...{ signal, progress },
    partial: (value) => {
      recipe.comparison = { value: value as Comparison, steps };
      recipe.changed();
    },
  });
}

/** "model.int8.onnx: 854 KB → 240 KB, 1.8x faster, 99.0 % agree on 872 samples of dev.npz." */
export function measuredText(comparison: Comparison): string {
  const { candidate, bytes, latency, agreement, samples, data } = comparison;
  const name = data.split(/[\\/]/).at(-1) ?? data;
  const inputs =
    data === 'synthetic'
      ? vscode.l10n.t('{0} made-up inputs', samples)
      : vscode.l10n.t('{0} samples of {1}', samples, name);
  const sizes = `${formatBytes(bytes.reference)} → ${formatBytes(bytes.candidate)}`;
  const agree =
    agreement && vscode.l10n.t('{0} % agree on {1}', (agreement.mean * 100).toFixed(1), inputs);
  return `${candidate}: ${[sizes, latencyText(latency), agree].filter(Boolean).join(', ')}.`;
}

/** A ratio whose interval holds 1 is no difference. */
function latencyText({ ratio, low, high }: Comparison['latency']): string {
  if (low <= 1 && high >= 1) return vscode.l10n.t('as fast');
  return ratio > 1
    ? vscode.l10n.t('{0}x faster', ratio.toFixed(2))
    : vscode.l10n.t('{0}x slower', (1 / ratio).toFixed(2));
}
