// Bundles the tests that run in plain Node and runs them. usage: node .ci/test.mjs [PART_OF_A_PATH …] [-- NODE_TEST_OPTIONS]
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from './lib/command.mjs';

const split = process.argv.indexOf('--');
const wanted = process.argv.slice(2, split < 0 ? undefined : split);
const options = split < 0 ? [] : process.argv.slice(split + 1);

/** These need an editor or much time, and have commands of their own. */
const elsewhere = ['test/host/', 'test/e2e/', 'test/bench/'];

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => /\.test\.tsx?$/.test(file) && !file.startsWith('test/host/'))
  .filter((file) =>
    wanted.length > 0
      ? wanted.some((part) => file.includes(part))
      : !elsewhere.some((folder) => file.startsWith(folder)),
  );
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(', ')}.`);
  process.exit(1);
}

mkdirSync('out', { recursive: true });
const outdir = mkdtempSync('out/test-');
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
await build({
  entryPoints: files,
  outdir,
  outbase: '.',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'error',
});
const bundles = files.map((file) => join(outdir, file.replace(/\.tsx?$/, '.js')));
const reporter = `--test-reporter=${resolve('.ci/lib/reporter.mjs')}`;
const parallel = `--test-concurrency=${availableParallelism()}`;
const flags = ['--enable-source-maps', '--test', reporter, parallel, ...options];
const { status } = await run(process.execPath, [...flags, ...bundles], { show: true });
process.exitCode = status;
