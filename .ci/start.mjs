// From a bare clone to an open editor: installs, builds, shows the sample's profile here, packages, and opens VS Code with the
// extension and a sample workspace. usage: npm start [-- --server] [-- --no-open]
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { findProgram, run, start } from './lib/command.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { here, vsixPath } from './lib/targets.mjs';

const { values } = parseArgs({
  options: {
    /** Use the VS Code server even where there is a desktop VS Code. */
    server: { type: 'boolean', default: false },
    /** Prepare everything, see that the server answers, and stop. */
    'no-open': { type: 'boolean', default: false },
  },
});
const { platform, env } = process;
const hasScreen =
  platform === 'linux' ? Boolean(env.DISPLAY ?? env.WAYLAND_DISPLAY) : !env.SSH_CONNECTION;

try {
  await main();
} catch (error) {
  console.error(`\n✖ ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function main() {
  await ensureInstalled();
  await step('Building', ['.ci/build.mjs']);
  console.log('\nThe sample, profiled from the command line:');
  console.log('  featherweight profile media/samples/digits-vit/model.onnx\n');
  await must(['dist/cli.js', 'profile', 'media/samples/digits-vit/model.onnx'], true);
  console.log();
  await step('Packaging', ['.ci/package.mjs']);
  const vsix = vsixPath(here, JSON.parse(readFileSync('package.json', 'utf8')).version);
  const workspace = resolve('out/start/workspace');
  mkdirSync(workspace, { recursive: true });
  cpSync('media/samples', workspace, { recursive: true });
  const code = findProgram(platform === 'win32' ? ['code.cmd'] : ['code']);
  // Inside a remote VS Code's terminal and in WSL `code` is another program, which knows none of the options used here.
  const elsewhere = env.VSCODE_IPC_HOOK_CLI ?? env.WSL_DISTRO_NAME;
  const desktop = code && hasScreen && !elsewhere && !values.server;
  if (desktop && !values['no-open']) await openDesktop(code, vsix, workspace);
  else await openServer(vsix, workspace);
}

/**
 * Opens desktop VS Code with settings and extensions of its own, so that nobody's installation is touched.
 * @param {string} code
 * @param {string} vsix
 * @param {string} workspace
 */
async function openDesktop(code, vsix, workspace) {
  const { writeSettings } = await import('../test/launch/server.mjs');
  writeSettings('out/start');
  const own = ['--user-data-dir', resolve('out/start/data')];
  own.push('--extensions-dir', resolve('out/start/extensions'));
  console.log('Opening VS Code …');
  for (const args of [
    ['--install-extension', resolve(vsix), '--force'],
    ['--new-window', workspace],
  ]) {
    const { status, output } = await runCode(code, [...own, ...args]);
    if (status !== 0) throw new Error(`VS Code did not take it:\n${output}`);
  }
  console.log('Open digits-vit/model.onnx in its explorer.');
}

/**
 * A `.cmd` file starts only through a shell.
 * @param {string} code
 * @param {readonly string[]} args
 */
function runCode(code, args) {
  if (platform !== 'win32') return run(code, args);
  const quoted = [code, ...args].map((it) => `"${it}"`).join(' ');
  return run('cmd.exe', ['/d', '/s', '/c', `"${quoted}"`]);
}

/**
 * @param {string} vsix
 * @param {string} workspace
 */
async function openServer(vsix, workspace) {
  console.log('Preparing a VS Code server (once, about 800 MB in the cache) …');
  const { startServer, freePort } = await import('../test/launch/server.mjs');
  const server = await startServer({ vsix, home: 'out/start/server', port: await freePort(8137) });
  const address = `${server.url}/?folder=${encodeURIComponent(workspace)}`;
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`The VS Code server answered ${answer.status}.`);
  console.log(`\nVS Code with Featherweight runs at\n\n  ${address}\n`);
  if (values['no-open']) return server.stop();
  console.log('Open digits-vit/model.onnx in its explorer. Ctrl-C ends it.');
  if (hasScreen) browse(address);
  await server.ended;
  throw new Error('The VS Code server stopped.');
}

/** @param {string} address */
function browse(address) {
  const programs = { darwin: 'open', win32: 'explorer.exe' };
  const program =
    platform in programs ? programs[/** @type {keyof typeof programs} */ (platform)] : 'xdg-open';
  start(program, [address], { stdio: 'ignore' }).on('error', () => {});
}

/**
 * @param {string} what
 * @param {readonly string[]} args
 */
async function step(what, args) {
  console.log(`${what} …`);
  await must(args, false);
}

/**
 * @param {readonly string[]} args
 * @param {boolean} show
 */
async function must(args, show) {
  const { status, output } = await run(process.execPath, args, { show });
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed.\n${output}`);
}
