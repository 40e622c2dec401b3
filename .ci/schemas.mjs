// Writes the JSON schemas of what `featherweight … --json` prints, from the types in src/protocol, and that of recipes, from the actions. usage: node .ci/schemas.mjs [FOLDER]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createGenerator } from 'ts-json-schema-generator';

/** File → the type whose schema it holds, and what prints it. */
const schemas = {
  'inspect.schema.json': {
    ...{ type: 'Inspection', from: 'src/protocol/types.ts' },
    title: 'featherweight inspect --json',
  },
  'profile.schema.json': {
    ...{ type: 'ProfiledInspection', from: 'src/protocol/types.ts' },
    title: 'featherweight profile --json',
  },
  'compare.schema.json': {
    ...{ type: 'Comparison', from: 'src/protocol/build.ts' },
    title: 'featherweight compare --json',
  },
  'build.schema.json': {
    ...{ type: 'Built', from: 'src/protocol/build.ts' },
    title: 'featherweight build --json',
  },
  'quantize.schema.json': {
    ...{ type: 'Quantized', from: 'src/protocol/build.ts' },
    title: 'featherweight quantize --json',
  },
  'sensitivity.schema.json': {
    ...{ type: 'Sensitivity', from: 'src/protocol/sensitivity.ts' },
    title: 'featherweight sensitivity --json',
  },
  'plan.schema.json': {
    ...{ type: 'Plan', from: 'src/protocol/plan.ts' },
    title: 'featherweight plan --json',
  },
};

/**
 * Makes all schemas and gives their paths. They admit fields that they do not know: the output only grows, and an older schema must go on
 * holding for it.
 * @param {string} [folder]
 */
export async function writeSchemas(folder = 'media/schemas') {
  mkdirSync(folder, { recursive: true });
  const written = Object.entries(schemas).map(([file, { type, from, title }]) => {
    const { $schema, ...schema } = generatorOf(from).createSchema(type);
    const path = join(folder, file);
    writeFileSync(path, `${JSON.stringify({ $schema, title, ...schema }, null, 2)}\n`);
    return path;
  });
  const recipe = join(folder, 'recipe.schema.json');
  writeFileSync(recipe, `${JSON.stringify(await recipeSchema(), null, 2)}\n`);
  return [...written, recipe];
}

/** @type {Map<string, import('ts-json-schema-generator').SchemaGenerator>} */
const generators = new Map();

/**
 * What makes schemas of the types in a file; reading all that it imports takes longest.
 * @param {string} path
 */
function generatorOf(path) {
  const known = generators.get(path);
  const made =
    known ??
    createGenerator({
      path,
      tsconfig: 'tsconfig.json',
      skipTypeCheck: true,
      additionalProperties: true,
      topRef: false,
    });
  generators.set(path, made);
  return made;
}

/** The schema of recipes, which the actions themselves say. */
async function recipeSchema() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { actionFacts } from './src/engine/offers';
        import { recipeSchema } from './src/recipe/schema';
        export default recipeSchema(actionFacts());`,
      resolveDir: '.',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  const program = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  const module = await import(`data:text/javascript;base64,${program}`);
  return module.default;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const path of await writeSchemas(process.argv[2])) console.log(path);
}
