// Writes the JSON schemas of what `featherweight … --json` prints, from the types in src/protocol. usage: node .ci/schemas.mjs [FOLDER]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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
};

/**
 * Makes all schemas and gives their paths. They admit fields that they do not know: the output only grows, and an older schema must go on
 * holding for it.
 * @param {string} [folder]
 */
export function writeSchemas(folder = 'media/schemas') {
  mkdirSync(folder, { recursive: true });
  return Object.entries(schemas).map(([file, { type, from, title }]) => {
    const generator = createGenerator({
      path: from,
      tsconfig: 'tsconfig.json',
      skipTypeCheck: true,
      additionalProperties: true,
      topRef: false,
    });
    const { $schema, ...schema } = generator.createSchema(type);
    const path = join(folder, file);
    writeFileSync(path, `${JSON.stringify({ $schema, title, ...schema }, null, 2)}\n`);
    return path;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const path of writeSchemas(process.argv[2])) console.log(path);
}
