import { basename, join, resolve } from 'node:path';
import type { Built, BuildRequest } from '../protocol/build';
import { actionFacts } from '../engine/offers';
import { terminalBuild } from '../report/buildTerminal';
import { resultName } from '../report/resultName';
import { tellData } from './dataOptions';
import { askEngine } from './engine';
import type { BuildOptions } from './buildOptions';
import { terminalOptions } from './output';
import { readRecipe } from './recipeFile';

/** `featherweight build`: makes a recipe's model in the engine's process and prints what was done. Throws `UserError`s. */
export async function buildCommand(
  path: string,
  options: BuildOptions,
  signal: AbortSignal,
): Promise<void> {
  const actions = actionFacts();
  const { recipe, folder, model, warnings } = readRecipe(path, actions);
  const { out, overwrite = false, anyModel = false, threads } = options;
  const name = resultName(basename(model), recipe.steps, actions);
  const output = out === undefined ? join(folder, name) : resolve(out);
  const request = { file: model, recipe, folder, output, overwrite, threads };
  const built = await runBuild({ ...request, otherModel: anyModel }, options, signal);
  tellData(built.facts, options);
  const told = { ...built, notes: [...warnings, ...built.notes] };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(told, null, 2)}\n`
      : terminalBuild({ built: told, steps: recipe.steps, actions }, terminalOptions(0)),
  );
}

/** Builds in a process of its own, with progress on standard error. */
export async function runBuild(
  request: BuildRequest,
  { json = false }: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<Built> {
  return askEngine((api, options) => api.build(request, options), { isData: json, signal });
}
