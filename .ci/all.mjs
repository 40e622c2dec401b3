// Installs what is missing, builds and runs every test. usage: npm test
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { closingLine } from './lib/counts.mjs';
import { run } from './lib/command.mjs';
import { ensureInstalled } from './lib/install.mjs';

/** In this order: what is quick and tells most comes first. `counts`: it reports how many tests passed; the others pass or fail as one. */
const stages = [
  { name: 'build', args: ['.ci/build.mjs'] },
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  {
    name: 'types of the page',
    args: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'webview'],
  },
  {
    name: 'lint',
    args: ['node_modules/eslint/bin/eslint.js', '-c', 'test/tidy/eslint.config.mjs', '.'],
  },
  {
    name: 'format',
    args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
  },
  { name: 'core and page', args: ['.ci/test.mjs'], counts: true },
  { name: 'inside VS Code', args: ['test/launch/host.mjs'], counts: true },
  { name: 'package', args: ['.ci/package.mjs'] },
  {
    name: 'end to end',
    args: ['.ci/test.mjs', 'test/e2e/', '--', '--test-concurrency=1'],
    counts: true,
  },
];

const total = { passed: 0, failed: 0, skipped: 0 };
try {
  await ensureInstalled();
  await prepare();
  for (const stage of stages) add(await runStage(stage));
} catch (error) {
  console.error(`\n✖ ${error instanceof Error ? error.message : error}`);
  add({ passed: 0, failed: 1, skipped: 0 });
}
console.log(`\n${closingLine(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** The editor and the browser come first: without them half of the tests cannot run, and that is a failure, not a skip. */
async function prepare() {
  const { vscodeServer } = await import('../test/launch/vscode.mjs');
  const { launchBrowser } = await import('../test/launch/browser.mjs');
  console.log('Preparing a VS Code server and a browser …');
  await Promise.all([vscodeServer(), launchBrowser().then((browser) => browser.close())]);
}

/**
 * @param {{ name: string, args: readonly string[], counts?: boolean }} stage
 * @returns {Promise<import('./lib/counts.mjs').Counts>}
 */
async function runStage({ name, args, counts = false }) {
  const file = 'out/counts.json';
  mkdirSync('out', { recursive: true });
  rmSync(file, { force: true });
  console.log(`\n── ${name}`);
  const begin = Date.now();
  const env = { ...process.env, FEATHERWEIGHT_COUNTS: file };
  const { status } = await run(process.execPath, args, { env, show: true });
  const result = counts ? read(file, status) : outcome(status === 0);
  const seconds = ((Date.now() - begin) / 1000).toFixed(0);
  const told = counts
    ? `${result.passed} of ${result.passed + result.failed} passed`
    : status === 0
      ? 'good'
      : 'failed';
  console.log(`   ${told} in ${seconds} s`);
  return result;
}

/** @param {boolean} good */
function outcome(good) {
  return { passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 };
}

/**
 * A runner that left no counts, or left good ones and failed after that, is a failure.
 * @param {string} file
 * @param {number} status
 * @returns {import('./lib/counts.mjs').Counts}
 */
function read(file, status) {
  try {
    const counts = JSON.parse(readFileSync(file, 'utf8'));
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch {
    return outcome(false);
  }
}

/** @param {import('./lib/counts.mjs').Counts} counts */
function add(counts) {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
