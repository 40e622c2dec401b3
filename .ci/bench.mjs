// Builds what is shipped and measures it: every benchmark prints its figures beside a baseline of the same run and fails when one
// misses its limit. usage: node .ci/bench.mjs [PART_OF_A_NAME …]
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './lib/bundle.mjs';
import { writeCodeCache } from './lib/codeCache.mjs';
import { run } from './lib/command.mjs';

const wanted = process.argv.slice(2);
const files = readdirSync('test/bench')
  .filter((file) => file.endsWith('.bench.ts'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .map((file) => `test/bench/${file}`);
if (files.length === 0) {
  console.error(`No benchmark's name contains ${wanted.join(' or ')}.`);
  process.exit(1);
}

mkdirSync('out', { recursive: true });
const outdir = mkdtempSync('out/bench-');
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
const dist = join(outdir, 'dist');
await bundle({ outdir: dist, minify: true });
await writeCodeCache(dist);
await build({
  entryPoints: files,
  outdir,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
});

// One after the other: two at once would measure each other.
let failed = 0;
for (const file of files) {
  const program = join(outdir, file.replace(/^test\/bench\//, '').replace(/\.ts$/, '.js'));
  console.log(`\n── ${file}`);
  const env = { ...process.env, FEATHERWEIGHT_DIST: dist };
  const { status } = await run(process.execPath, ['--expose-gc', program], { env, show: true });
  if (status !== 0) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;
