import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { Built, Quantized } from '../protocol/build';
import type { RecipeData, Step } from '../protocol/recipe';
import { hashOf } from '../engine/fileHash';
import { actionFacts } from '../engine/offers';
import { applied, newRecipe, setMeasured, setSteps } from '../recipe/edit';
import { schemeOf, schemeSteps } from '../recipe/schemes';
import { traitsOf } from '../recipe/traits';
import { terminalBuild } from '../report/buildTerminal';
import { runBuild } from './build';
import type { QuantizeOptions } from './buildOptions';
import { recipeData, tellData } from './dataOptions';
import { inspectModel } from './inspect';
import { terminalOptions } from './output';
import { pathFrom, recipeOf } from './recipeFile';

/**
 * `featherweight quantize`: chooses a scheme's steps for the model, builds them, and writes them down as a recipe beside the result.
 * Throws `UserError`s.
 */
export async function quantizeCommand(
  model: string,
  options: QuantizeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { scheme, out, overwrite = false, threads } = options;
  const recipeFile = recipeOf(resolve(out));
  if (existsSync(recipeFile) && !overwrite) {
    throw new UserError('badInput', `${recipeFile} is there already.`, 'Use --overwrite.');
  }
  const file = resolve(model);
  const traits = traitsOf(inspectModel(model, {}), options.data !== undefined);
  const refusal = schemeOf(scheme).refuses?.(traits);
  if (refusal !== undefined) throw new UserError('badInput', `--scheme ${scheme}: ${refusal}`);
  const steps = schemeSteps(scheme, traits, { prepare: options.prepare });
  const data = dataOf(options, recipeFile);
  const source = { file: pathFrom(recipeFile, file), sha256: hashOf(file) };
  const recipe = { version: 1, model: source, ...(data ? { data } : {}), steps } as const;
  const built = await runBuild(
    {
      ...{ file, recipe, overwrite, threads },
      folder: resolve(recipeFile, '..'),
      output: resolve(out),
    },
    options,
    signal,
  );
  tellData(built.facts, options);
  writeRecipe(recipeFile, recipe, built);
  const quantized: Quantized = { ...built, scheme, recipe: recipeFile };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(quantized, null, 2)}\n`
      : terminalBuild(
          { built, steps, actions: actionFacts(), recipe: recipeFile },
          terminalOptions(0),
        ),
  );
}

function dataOf(options: QuantizeOptions, recipe: string): RecipeData | undefined {
  const { data } = options;
  return data === undefined
    ? undefined
    : { calibration: pathFrom(recipe, data), ...recipeData(options) };
}

/** Steps that found nothing to do are not written down: the recipe says what was done. */
function writeRecipe(
  file: string,
  {
    model,
    data,
    steps,
  }: { model: { file: string; sha256: string }; data?: RecipeData; steps: readonly Step[] },
  built: Built,
): void {
  const made = steps.filter((_, i) => (built.steps[i]?.edits ?? 0) > 0);
  const bare = newRecipe(model, data);
  const text = applied(bare, setSteps(bare, made));
  const measured = { bytes: { before: built.sourceBytes, after: built.bytes } };
  try {
    writeFileSync(file, applied(text, setMeasured(text, measured)));
  } catch (error) {
    throw new UserError('badInput', `${quoted(file)} cannot be written: ${messageOf(error)}.`);
  }
}
