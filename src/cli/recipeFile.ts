import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { messageOf, UserError } from '../base/errors';
import type { ActionFacts } from '../protocol/build';
import type { Recipe } from '../protocol/recipe';
import { parseRecipe } from '../recipe/parse';

const recipeEnding = '.featherweight.json';

/** The recipe of a model: `NAME.featherweight.json` beside `NAME.onnx`. */
export function recipeOf(model: string): string {
  return `${model.replace(/\.onnx$/i, '')}${recipeEnding}`;
}

export interface ReadRecipe {
  /** Absolute path. */
  readonly file: string;
  /** Absolute path of its folder, which its paths start from. */
  readonly folder: string;
  readonly recipe: Recipe;
  /** Absolute path. */
  readonly model: string;
  /** What is hardly meant, one sentence each. */
  readonly warnings: readonly string[];
}

/** Reads a recipe. Throws `missingFile`, and `badInput` with the place of the first mistake. */
export function readRecipe(path: string, actions: readonly ActionFacts[]): ReadRecipe {
  const file = resolve(path);
  const text = textOf(file);
  const { recipe, problems } = parseRecipe(text, actions);
  const told = problems.map(({ offset, message, severity }) => {
    const lines = text.slice(0, offset).split('\n');
    const place = `${path}:${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
    return { severity, message: `${place}: ${message}` };
  });
  if (!recipe) {
    const wrong = told.filter(({ severity }) => severity === 'error');
    const more = wrong.length > 1 ? `There are ${wrong.length - 1} more mistakes.` : undefined;
    throw new UserError('badInput', wrong[0]?.message ?? `${path} is no recipe.`, more);
  }
  const folder = dirname(file);
  return {
    ...{ file, folder, recipe },
    model: resolve(folder, recipe.model.file),
    warnings: told.map(({ message }) => message),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing
      ? new UserError('missingFile', `${file} does not exist.`)
      : new UserError('badInput', `${file} cannot be read: ${messageOf(error)}.`);
  }
}

/** How a recipe names a file: from its own folder, with slashes on every system; absolute where no way leads there. */
export function pathFrom(recipe: string, file: string): string {
  const way = relative(dirname(resolve(recipe)), resolve(file));
  return isAbsolute(way) ? way : way.split(sep).join('/');
}
