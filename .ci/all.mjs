// Installs what is missing, builds and runs every test. usage: npm test
import { closingLines, none, outcome } from './lib/counts.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { runStages } from './lib/stages.mjs';

/** In this order: what is quick and tells most comes first. */
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

let total = none;
try {
  await ensureInstalled();
  await prepare();
  total = await runStages(stages);
} catch (error) {
  console.error(`\n✖ ${error instanceof Error ? error.message : error}`);
  total = outcome(false, { name: 'npm test', error: String(error) });
}
console.log(`\n${closingLines(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** The editor and the browser come first: without them half of the tests cannot run, and that is a failure, not a skip. */
async function prepare() {
  const { vscodeServer } = await import('../test/launch/vscode.mjs');
  const { launchBrowser } = await import('../test/launch/browser.mjs');
  console.log('Preparing a VS Code server and a browser …');
  await Promise.all([vscodeServer(), launchBrowser().then((browser) => browser.close())]);
}
