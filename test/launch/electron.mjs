// Runs the suite of test/host inside desktop VS Code, which is downloaded. usage: node test/launch/electron.mjs [PART_OF_A_FILE_NAME]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { finish, outcome, sum } from '../../.ci/lib/counts.mjs';
import { findProgram, start } from '../../.ci/lib/command.mjs';
import { prepareHost } from './hostBuild.mjs';
import { suiteOutput } from './suiteOutput.mjs';

/** The oldest VS Code that the manifest allows is the one to test on. */
const version = process.env.VSCODE_VERSION ?? '1.139.1';

const executable = await downloadAndUnzipVSCode(version);
const { extension, suite, workspace } = await prepareHost();
const home = mkdtempSync(join(tmpdir(), 'featherweight-electron-'));
const output = suiteOutput();
const status = await runSuite();
const told = output.end();
const ending = { name: 'VS Code', error: `It ended with ${status}.` };
const counts = told.failed > 0 ? told : sum(told, outcome(status === 0, ending));
for (const folder of [home, dirname(workspace)]) rmSync(folder, { recursive: true, force: true });
process.stdout.write(finish(counts));

/** @returns {Promise<number>} */
function runSuite() {
  const args = [workspace, '--skip-welcome', '--skip-release-notes', '--disable-updates'];
  args.push('--disable-workspace-trust', '--disable-gpu', '--no-sandbox');
  args.push('--user-data-dir', join(home, 'data'), '--extensions-dir', join(home, 'extensions'));
  args.push(`--extensionDevelopmentPath=${extension}`, `--extensionTestsPath=${suite}`);
  const [command, ...first] = onScreen();
  const child = start(command, [...first, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FEATHERWEIGHT_ONLY: process.argv[2] ?? '' },
  });
  if (child.stdout) createInterface(child.stdout).on('line', output.line);
  return new Promise((done) => child.once('close', (code) => done(code ?? 1)));
}

/** @returns {[string, ...string[]]} */
function onScreen() {
  const needed = process.platform === 'linux' && !process.env.DISPLAY;
  const xvfb = needed && findProgram(['xvfb-run']);
  return xvfb ? [xvfb, '-a', executable] : [executable];
}
