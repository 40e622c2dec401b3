// Builds the extension, its engine, its page and the command line. usage: node .ci/build.mjs [--watch] [--minify] [--outdir FOLDER]
import { parseArgs } from 'node:util';
import { bundle } from './lib/bundle.mjs';

const { values } = parseArgs({
  options: {
    watch: { type: 'boolean', default: false },
    minify: { type: 'boolean', default: false },
    outdir: { type: 'string', default: 'dist' },
  },
});
await bundle(values);
