import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from '../../.ci/lib/command.mjs';
import { cached } from './cache.mjs';

/** code-server is VS Code's own server with a page in front; 4.139.1 carries VS Code 1.139.1 and wants Node 24. */
const version = '4.139.1';
const nodeVersion = '24.21.0';

const system = process.platform === 'win32' ? 'win' : process.platform;
const nodePackage = `node-${system}-${process.arch}`;

/**
 * A VS Code server and the Node that runs it, from npm packages alone: installed once per version, in about half a minute.
 * @returns {Promise<{ node: string, entry: string }>}
 */
export async function vscodeServer() {
  const folder = await cached(`vscode-server-${version}-${system}-${process.arch}`, install);
  const modules = join(folder, 'node_modules');
  return {
    node: join(modules, nodePackage, 'bin', system === 'win' ? 'node.exe' : 'node'),
    entry: join(modules, 'code-server/out/node/entry.js'),
  };
}

/** @param {string} folder */
async function install(folder) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await npm(['install', `code-server@${version}`, `${nodePackage}@${nodeVersion}`], {
    cwd: folder,
  });
  const vscode = join(folder, 'node_modules/code-server/lib/vscode');
  await npm(['install', '--omit=dev'], { cwd: vscode });
  await npm(['install', '--omit=dev'], { cwd: join(vscode, 'extensions') });
  replaceNativeModules(join(vscode, 'node_modules/@vscode'));
}

/**
 * Two of VS Code's modules would have to be compiled, which a machine without a compiler cannot do: the writer of its log files and a
 * guard that ends a hanging extension host. Plain JavaScript writes the logs here, and the server ends its own hosts.
 * @param {string} modules
 */
function replaceNativeModules(modules) {
  copyFileSync('test/launch/spdlog.cjs', join(modules, 'spdlog/index.js'));
  writeFileSync(
    join(modules, 'native-watchdog/index.js'),
    'exports.start = () => {};\nexports.exit = (code) => process.exit(code || 0);\n',
  );
  rmSync(join(modules, 'spdlog/binding.gyp'), { force: true });
}
