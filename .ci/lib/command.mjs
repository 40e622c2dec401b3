// Runs other programs. Uses nothing but Node, since it works before anything is installed.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';

/** Processes that must not outlive this one. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) kill(child);
});
for (const [signal, status] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])) {
  process.on(signal, () => process.exit(status));
}

/**
 * Starts a program in a process group of its own, so that `kill` reaches its children too.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { detached: process.platform !== 'win32', ...options });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** @param {import('node:child_process').ChildProcess} child */
export function kill(child) {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    // A negative id is the whole group; Windows has none, and there the child alone is ended.
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGTERM');
  } catch {
    // It ended between the check and the call.
  }
}

/** So many characters of a program's output are kept, the last ones. */
const mostOutput = 1 << 20;
/** What it started may hold its pipes open after its end: so long is waited for what is still in them, in milliseconds. */
const lastWordsMs = 1000;

/**
 * Runs a program to its end. `show` lets it print; what it prints is kept where it is not shown, or with `keep`.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, keep?: boolean }} [options]
 * @returns {Promise<{ status: number, output: string }>}
 */
export function run(command, args, { cwd, env = process.env, show = false, keep = !show } = {}) {
  return new Promise((resolve) => {
    const out = keep ? 'pipe' : 'inherit';
    const child = start(command, args, {
      cwd,
      env,
      stdio: [show ? 'inherit' : 'ignore', out, out],
    });
    let output = '';
    for (const [from, to] of /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])) {
      from?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output = (output + text).slice(-mostOutput);
        if (show) to.write(text);
      });
    }
    const end = (/** @type {number | null} */ status) => resolve({ status: status ?? 1, output });
    child.once('error', (error) => resolve({ status: 127, output: error.message }));
    child.once('close', end);
    child.once('exit', (status) => setTimeout(() => end(status), lastWordsMs).unref());
  });
}

/**
 * Runs npm itself (not a script of ours) and throws with its output when it fails.
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 */
export async function npm(args, { cwd } = {}) {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, first] = npmCommand();
  const result = await run(command, [...first, ...args, ...quiet], { cwd, env: outsideNpm() });
  if (result.status !== 0) {
    throw new Error(`npm ${args.join(' ')} failed:\n${result.output.trim().slice(-4000)}`);
  }
}

/** npm as this Node runs it: under `npm test` npm names its own script; else it stands in the PATH. */
function npmCommand() {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) return /** @type {const} */ ([process.execPath, [script]]);
  const beside = join(process.execPath, '../node_modules/npm/bin/npm-cli.js');
  if (existsSync(beside)) return /** @type {const} */ ([process.execPath, [beside]]);
  return /** @type {const} */ (['npm', []]);
}

/** The environment without what the outer npm says about the package it runs: an npm in another folder would believe it. */
function outsideNpm() {
  const told = /^npm_(package|lifecycle|command|config_local_prefix)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !told.test(name)));
}

/**
 * The full path of a program in the PATH, or undefined.
 * @param {readonly string[]} names
 */
export function findProgram(names) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}
