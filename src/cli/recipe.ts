import { writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { formatBytes, formatShare } from '../base/format';
import { quoted } from '../base/quote';
import { printable } from '../base/text';
import type { ActionFacts, CheckedStep } from '../protocol/build';
import type { Step } from '../protocol/recipe';
import { checkRecipe } from '../engine/checkRecipe';
import { hashOf } from '../engine/fileHash';
import { Models } from '../engine/models';
import { actionFacts } from '../engine/offers';
import { applied, newRecipe, setSteps } from '../recipe/edit';
import { readyRecipeNames, readyRecipeOf, readyRecipesFor } from '../recipe/ready';
import { schemeNames, schemeOf } from '../recipe/schemes';
import { traitsOf } from '../recipe/traits';
import { textTable } from '../report/columns';
import { stepWords, targetWords } from '../report/recipeWords';
import type { NewRecipeOptions } from './buildOptions';
import { recipeData } from './dataOptions';
import { inspectModel } from './inspect';
import { terminalOptions } from './output';
import { pathFrom, readRecipe, recipeOf } from './recipeFile';

/** `featherweight recipe list`: the ready recipes, and the schemes of `quantize`. */
export function listRecipes(): void {
  const { width, palette } = terminalOptions(0);
  const table = (title: string, rows: readonly (readonly string[])[]) =>
    textTable(
      [
        { title, align: 'left' },
        { title: 'what it is', align: 'left' },
      ],
      rows.map((row) => row.map((text) => ({ text }))),
      { width, quiet: palette.quiet },
    ).join('\n');
  const ready = readyRecipeNames.map((name) => [name, readyRecipeOf(name).title]);
  const schemes = schemeNames.map((name) => [name, schemeOf(name).about]);
  process.stdout.write(
    `${table('recipe new --ready', ready)}\n\n${table('quantize --scheme', schemes)}\n`,
  );
}

/** `featherweight recipe show`: what every step would do to the model as it is now. Throws `UserError`s. */
export async function showRecipe(
  path: string,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  const actions = actionFacts();
  const { recipe, model, warnings } = readRecipe(path, actions);
  const check = await checkRecipe(new Models().sized(model, {}), recipe);
  if (json) {
    process.stdout.write(`${JSON.stringify(check, null, 2)}\n`);
    return;
  }
  const { width, palette } = terminalOptions(0);
  const { sha256 } = recipe.model;
  const other = sha256 !== undefined && sha256 !== check.sha256;
  const share = formatShare(check.after / check.before);
  const size = `${formatBytes(check.before)} → about ${formatBytes(check.after)} (${share})`;
  const lines = [
    palette.strong(`${printable(basename(model))}  ${size}`),
    ...(other ? ['The recipe was made for another file than the model is now.'] : []),
    ...warnings,
    '',
    ...textTable(
      [
        { title: 'step', align: 'left' },
        { title: 'layers', align: 'right' },
        { title: 'weights', align: 'right' },
        { title: 'on', align: 'left', drop: 1 },
      ],
      recipe.steps.map((step, i) => stepCells(step, check.steps[i], actions)),
      { width, quiet: palette.quiet },
    ),
    ...check.steps.flatMap(({ problem }, i) => (problem ? [`Step ${i + 1}: ${problem}`] : [])),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function stepCells(step: Step, checked: CheckedStep | undefined, actions: readonly ActionFacts[]) {
  const { title, params } = stepWords(
    step,
    actions.find(({ name }) => name === step.action),
  );
  const { layers = [], before = 0, after = 0 } = checked ?? {};
  return [
    [title, params].filter(Boolean).join(' · '),
    String(layers.length),
    before > 0 ? `${formatBytes(before)} → ${formatBytes(after)}` : '',
    targetWords(step.targets),
  ].map((text) => ({ text }));
}

/** `featherweight recipe new`: writes a recipe for a model, empty or with a ready recipe's steps. Throws `UserError`s. */
export function newRecipeCommand(model: string, options: NewRecipeOptions): void {
  const { ready, data, out, overwrite = false } = options;
  const file = resolve(out ?? recipeOf(model));
  const traits = traitsOf(inspectModel(model, {}), data !== undefined);
  if (ready !== undefined && !readyRecipeOf(ready).fits(traits)) {
    const fitting = readyRecipesFor(traits).join(', ');
    throw new UserError(
      'badInput',
      `${quoted(readyRecipeOf(ready).title)} is not made for such a model.`,
      `These are: ${fitting}.`,
    );
  }
  const steps = ready === undefined ? [] : readyRecipeOf(ready).steps(traits);
  const source = { file: pathFrom(file, model), sha256: hashOf(resolve(model)) };
  const bare = newRecipe(
    source,
    data === undefined ? undefined : { calibration: pathFrom(file, data), ...recipeData(options) },
  );
  try {
    writeFileSync(file, applied(bare, setSteps(bare, steps)), { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const why = there ? 'is there already' : `cannot be written: ${messageOf(error)}`;
    throw new UserError('badInput', `${file} ${why}.`, there ? 'Use --overwrite.' : undefined);
  }
  process.stdout.write(`${file}\n`);
}
