// Builds the extension, its engine, its page, the command line and the schemas of its JSON. usage: node .ci/build.mjs [--watch] [--minify] [--outdir FOLDER]
import { parseArgs } from 'node:util';
import { bundle } from './lib/bundle.mjs';
import { writeSchemas } from './schemas.mjs';

const { values } = parseArgs({
  options: {
    watch: { type: 'boolean', default: false },
    minify: { type: 'boolean', default: false },
    outdir: { type: 'string', default: 'dist' },
  },
});
await bundle(values);
writeSchemas();
