import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { kill, run, start } from '../../.ci/lib/command.mjs';
import { vscodeServer } from './vscode.mjs';

/** Without these, VS Code saves by itself, asks for trust and covers a third of the window with a chat. */
const quiet = {
  'files.autoSave': 'off',
  'chat.disableAIFeatures': true,
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.ignoreRecommendations': true,
};

/**
 * Starts a VS Code server of its own data folder and port.
 * @param {{ vsix?: string, settings?: Record<string, unknown>, port?: number, home?: string, testDriver?: boolean }} [options]
 *   `vsix` is installed first; `home` keeps settings and extensions between runs, a temporary folder without it;
 *   `testDriver` lets a page load an extension from its folder and run a suite in it.
 */
export async function startServer({ vsix, settings = {}, port, home, testDriver } = {}) {
  const { node, entry } = await vscodeServer();
  const folder = home ? resolve(home) : mkdtempSync(join(tmpdir(), 'featherweight-vscode-'));
  const folders = ['--user-data-dir', join(folder, 'data')];
  folders.push('--extensions-dir', join(folder, 'extensions'));
  writeSettings(folder, settings);
  if (vsix) await install(node, [entry, ...folders, '--install-extension', resolve(vsix)]);
  const chosen = port ?? (await freePort());
  const args = [entry, ...folders, '--auth', 'none', '--bind-addr', `127.0.0.1:${chosen}`];
  args.push('--disable-telemetry', '--disable-update-check', '--disable-getting-started-override');
  if (testDriver) args.push('--vscode-option', 'enable-smoke-test-driver');
  const child = start(node, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
  const ended = new Promise((done) => child.once('exit', done));
  const stop = async () => {
    kill(child);
    await ended;
    if (!home) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await listening(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${chosen}`,
    logs: join(folder, 'data/logs'),
    ended,
    stop,
  };
}

/**
 * Gives a data folder its first settings; those that somebody changed since stay.
 * @param {string} folder
 * @param {Record<string, unknown>} [settings]
 */
export function writeSettings(folder, settings = {}) {
  const user = join(folder, 'data/User');
  const file = join(user, 'settings.json');
  if (existsSync(file)) return;
  mkdirSync(user, { recursive: true });
  writeFileSync(file, JSON.stringify({ ...quiet, ...settings }, null, 2));
}

/**
 * @param {string} node
 * @param {readonly string[]} args
 */
async function install(node, args) {
  const result = await run(node, args, { env: environment() });
  if (result.status !== 0) throw new Error(`The extension did not install:\n${result.output}`);
}

/** The environment without what a VS Code around us says to programs it starts: this server would take itself for a part of it. */
function environment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_|NODE_)/.test(name)),
  );
}

/** @param {import('node:child_process').ChildProcess} child */
function listening(child) {
  let output = '';
  return new Promise((ready, failed) => {
    const fail = (/** @type {string} */ why) => failed(new Error(`VS Code ${why}:\n${output}`));
    const timer = setTimeout(() => fail('did not start within 60 s'), 60_000);
    const read = (/** @type {Buffer} */ data) => {
      output += data.toString();
      if (!output.includes('HTTP server listening')) return;
      clearTimeout(timer);
      ready(undefined);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => {
      clearTimeout(timer);
      fail('stopped while starting');
    });
  });
}

/**
 * `wanted` if nothing listens there, else any port that is free now.
 * @param {number} [wanted]
 * @returns {Promise<number>}
 */
export function freePort(wanted = 0) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted ? resolve(freePort()) : reject(error)));
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}
