import { type Command, Option } from 'commander';
import { defaultSamples } from '../protocol/recipe';
import { type ReadyRecipeName, readyRecipeNames } from '../recipe/ready';
import { type SchemeName, schemeNames, schemeOf } from '../recipe/schemes';
import { dataHelp, type DataOptions, type DataUse, withData } from './dataOptions';
import { wholeNumber } from './options';

/** Options of everything that writes a model. */
interface WriteOptions {
  readonly overwrite?: boolean;
  readonly threads: number;
  readonly json?: boolean;
}

/** Options of `build`. */
export interface BuildOptions extends WriteOptions {
  readonly out?: string;
  readonly anyModel?: boolean;
}

/** Options of `quantize`. */
export interface QuantizeOptions extends WriteOptions, DataOptions {
  readonly scheme: SchemeName;
  readonly out: string;
  /** False after `--no-prepare`. */
  readonly prepare: boolean;
}

/** Options of `recipe new`. */
export interface NewRecipeOptions extends DataOptions {
  readonly ready?: ReadyRecipeName;
  readonly out?: string;
  readonly overwrite?: boolean;
}

const calibrationUse: DataUse = {
  use: 'samples to choose scales and rounding by',
  samples: defaultSamples,
};

/** Adds `build`, `quantize` and `recipe` to the program. */
export function addBuild(root: Command, signal: AbortSignal): void {
  writing(root.command('build'))
    .description('make the model that a recipe describes')
    .argument('<RECIPE>', 'a .featherweight.json file')
    .option(
      '-o, --out <FILE>',
      'the new model; without it, beside the recipe, named after its steps',
    )
    .option('--any-model', 'also where the model is not the file that the recipe was made for')
    .addHelpText(
      'after',
      `
The new model gets its name only when ONNX Runtime has loaded it; until then, what was there stays.

Examples:
  featherweight build model.featherweight.json
  featherweight build model.featherweight.json -o light.onnx --overwrite --json`,
    )
    .action(async (recipe: string, options: BuildOptions) => {
      const { buildCommand } = await import('./build');
      await buildCommand(recipe, options, signal);
    });
  withData(writing(root.command('quantize')), calibrationUse)
    .description('make a model lighter, and write down how as a recipe beside it')
    .argument('<MODEL>', 'an .onnx file')
    .requiredOption('-o, --out <FILE>', 'the new model')
    .addOption(
      new Option('--scheme <NAME>', 'how its weights are stored')
        .choices(schemeNames)
        .default('int8'),
    )
    .option('--no-prepare', 'leave out the exact steps that make the others better')
    .addHelpText('after', schemesHelp)
    .action(async (model: string, options: QuantizeOptions) => {
      const { quantizeCommand } = await import('./quantize');
      await quantizeCommand(model, options, signal);
    });
  addRecipe(root);
}

const schemesHelp = `
Schemes:
${schemeNames.map((name) => `  ${name.padEnd(14)}${schemeOf(name).about}`).join('\n')}

${dataHelp}

Examples:
  featherweight quantize model.onnx -o model.int8.onnx
  featherweight quantize model.onnx --data train.npz --scheme int4 -o model.int4.onnx
  featherweight quantize detector.onnx --data images.npz -o detector.int8.onnx --json`;

function addRecipe(root: Command): void {
  const recipe = root.command('recipe').description('list, look at and begin recipes');
  recipe
    .command('list')
    .description('the ready recipes, and the schemes of quantize')
    .action(async () => (await import('./recipe')).listRecipes());
  recipe
    .command('show')
    .description('what every step of a recipe would do to its model')
    .argument('<RECIPE>', 'a .featherweight.json file')
    .option('--json', 'print everything as JSON')
    .action(async (path: string, options: { readonly json?: boolean }) =>
      (await import('./recipe')).showRecipe(path, options),
    );
  withData(recipe.command('new'), calibrationUse)
    .description('begin a recipe for a model')
    .argument('<MODEL>', 'an .onnx file')
    .addOption(
      new Option('--ready <NAME>', 'with the steps of a ready recipe').choices(readyRecipeNames),
    )
    .option('-o, --out <FILE>', 'the recipe; without it, beside the model')
    .option('--overwrite', 'also where that file is there already')
    .action(async (model: string, options: NewRecipeOptions) =>
      (await import('./recipe')).newRecipeCommand(model, options),
    );
}

function writing(command: Command): Command {
  return command
    .option('--overwrite', 'also where the new file is there already')
    .option(
      '--threads <N>',
      'to run the model on data; 0 lets the runtime choose',
      wholeNumber(0),
      0,
    )
    .option('--json', 'print everything as JSON');
}
