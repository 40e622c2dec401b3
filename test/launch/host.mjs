// Runs the suite of test/host inside a VS Code server, seen through a headless browser. usage: node test/launch/host.mjs [PART_OF_A_FILE_NAME]
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finish, outcome, sum } from '../../.ci/lib/counts.mjs';
import { launchBrowser } from './browser.mjs';
import { prepareHost } from './hostBuild.mjs';
import { suiteOutput } from './suiteOutput.mjs';
import { startServer } from './server.mjs';

const limit = 10 * 60_000;

const { extension, suite, workspace } = await prepareHost();
const server = await startServer({ testDriver: true });
const browser = await launchBrowser();
try {
  const counts = await runSuite();
  process.stdout.write(finish(sum(counts, advised(server.logs))));
} finally {
  await browser.close();
  if (process.exitCode) printLogs(server.logs);
  await server.stop();
  rmSync(dirname(workspace), { recursive: true, force: true });
}

/** @returns {Promise<import('../../.ci/lib/counts.mjs').Counts>} */
async function runSuite() {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const output = suiteOutput();
  const ended = new Promise((done) => page.exposeFunction('codeAutomationExit', done));
  await page.exposeFunction(
    'codeAutomationLog',
    (/** @type {string} */ _kind, /** @type {unknown[]} */ args) => output.line(args.join(' ')),
  );
  await page.goto(address());
  const late = new Promise((done) => setTimeout(done, limit).unref());
  await Promise.race([ended, late]);
  return output.end();
}

function address() {
  const remote = (/** @type {string} */ path) => `vscode-remote://remote${path}`;
  const environment = { FEATHERWEIGHT_ONLY: process.argv[2] ?? '' };
  const payload = [
    ['extensionDevelopmentPath', remote(extension)],
    ['extensionTestsPath', remote(suite)],
    ['extensionEnvironment', JSON.stringify(environment)],
    ['skipWelcome', 'true'],
  ];
  const query = new URLSearchParams({ folder: workspace, payload: JSON.stringify(payload) });
  return `${server.url}/?${query}`;
}

/**
 * Whether VS Code has nothing to say on how the extension registers itself: it tells that only of one under development.
 * @param {string} folder
 */
function advised(folder) {
  const lines = hostLogs(folder, /remoteexthost\.log$/).flatMap(({ lines }) => lines);
  const advice = lines.filter((line) => /featherweight.*document selector/.test(line));
  return outcome(advice.length === 0, { name: 'VS Code’s advice', error: advice.join('\n') });
}

/**
 * What the extension host itself wrote, for a failure that the tests do not explain.
 * @param {string} folder
 */
function printLogs(folder) {
  for (const { log, lines } of hostLogs(folder, /remoteexthost\.log$|Featherweight/)) {
    const told = lines.filter((line) => /error|featherweight/i.test(line)).slice(-40);
    if (told.length > 0) console.log(`--- ${log}\n${told.join('\n')}`);
  }
}

/**
 * @param {string} folder
 * @param {RegExp} wanted
 */
function hostLogs(folder, wanted) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((log) => wanted.test(log))
    .map((log) => ({ log, lines: readFileSync(join(folder, log), 'utf8').split('\n') }));
}
