// Builds the extension, its engine, its page, the command line and the schemas of its JSON. usage: node .ci/build.mjs [--watch] [--minify] [--outdir FOLDER]
import { parseArgs } from 'node:util';
import { bundle } from './lib/bundle.mjs';
import { removeCodeCache, writeCodeCache } from './lib/codeCache.mjs';
import { writeSchemas } from './schemas.mjs';

const { values } = parseArgs({
  options: {
    watch: { type: 'boolean', default: false },
    minify: { type: 'boolean', default: false },
    outdir: { type: 'string', default: 'dist' },
  },
});
removeCodeCache(values.outdir);
await bundle(values);
await writeSchemas();
if (!values.watch) await writeCodeCache(values.outdir);
