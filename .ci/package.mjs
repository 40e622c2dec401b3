// Makes the extension's package for one platform. usage: node .ci/package.mjs [--target linux-x64] [--all]
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './lib/bundle.mjs';
import { run } from './lib/command.mjs';
import { licences, packagesOf } from './lib/licences.mjs';
import { writeSchemas } from './schemas.mjs';
import { here, isTarget, targets, vsixPath } from './lib/targets.mjs';

const { target, all } = parseArgs({
  options: {
    target: { type: 'string', default: here },
    all: { type: 'boolean', default: false },
  },
}).values;
/** Pictures for the README, and what of the sample nothing in the extension needs: 20 MB is the limit, and the runtime takes 18. */
const notShipped = [
  'media/screenshots',
  'media/samples/digits-vit/model-dynamo.onnx',
  'media/samples/digits-vit/train.npz',
].map((file) => join(file));
const developmentFields = new Set([
  'scripts',
  'devDependencies',
  'dependencies',
  'prettier',
  'bin',
]);
/** Types, source maps, and a second copy of the runtime for macOS: the binding asks for `libonnxruntime.1.dylib`, without the rest of its version. */
const leftOut = /\.d\.ts$|\.map$|libonnxruntime\.\d+\.\d+\.\d+\.dylib$/;

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

await writeSchemas();
for (const name of all ? Object.keys(targets) : [target]) await pack(name);

/** @param {string} name */
async function pack(name) {
  if (!isTarget(name)) {
    throw new Error(`No such target: ${name}. There are ${Object.keys(targets).join(', ')}.`);
  }
  const stage = join('out/stage', name);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  stageFiles(stage);
  const inputs = await bundle({ outdir: join(stage, 'dist'), minify: true });
  const platform = targets[name];
  const runtime = platform ? stageRuntime(join(stage, 'dist/node_modules'), platform) : [];
  writeFileSync(join(stage, 'dist/licences.txt'), licences([...packagesOf(inputs), ...runtime]));
  const file = vsixPath(name, manifest.version);
  await vsce(stage, name, file);
  const size = (statSync(file).size / 1e6).toFixed(1);
  console.log(`${file}: ${size} MB${platform ? '' : ', without the runtime: none is made for it'}`);
}

/**
 * What the reader of the package sees, and the manifest without what only this folder needs.
 * @param {string} stage
 */
function stageFiles(stage) {
  writeFileSync(join(stage, 'README.md'), shippedReadme(readFileSync('README.md', 'utf8')));
  for (const file of ['CHANGELOG.md', 'LICENSE', '.vscodeignore', 'media']) {
    cpSync(file, join(stage, file), { recursive: true, filter: (it) => !notShipped.includes(it) });
  }
  for (const file of readdirSync('.').filter((it) => /^package\.nls.*\.json$/.test(it))) {
    cpSync(file, join(stage, file));
  }
  const shipped = Object.fromEntries(
    Object.entries(manifest).filter(([field]) => !developmentFields.has(field)),
  );
  writeFileSync(join(stage, 'package.json'), JSON.stringify(shipped, null, 2));
}

/**
 * The README as the extension's own page can show it: without pictures, which would have to come from a server, and without what is about
 * the repository.
 * @param {string} text
 */
function shippedReadme(text) {
  return text
    .replace(/^<img .*\n\n/m, '')
    .replace(/^<details>[^]*?^<\/details>\n\n/gm, '')
    .replace(/^!\[.*\n\n/gm, '')
    .replace(/^## Development\n[^]*?(?=^## )/m, '');
}

/**
 * The runtime is loaded from beside the bundle: only what `require` needs, only this platform's library. Gives the packages' folders.
 * @param {string} modules
 * @param {string} platform
 */
function stageRuntime(modules, platform) {
  const folders = ['onnxruntime-node', 'onnxruntime-common'].map((it) => join('node_modules', it));
  const [node = '', common = ''] = folders;
  copy(node, modules, ['package.json', 'dist', join('bin/napi-v6', platform)]);
  copy(common, modules, ['package.json', 'dist/cjs']);
  return folders;
}

/**
 * @param {string} from
 * @param {string} modules
 * @param {readonly string[]} parts
 */
function copy(from, modules, parts) {
  for (const part of parts) {
    const to = join(modules, basename(from), part);
    cpSync(join(from, part), to, { recursive: true, filter: (file) => !leftOut.test(file) });
  }
}

/**
 * @param {string} stage
 * @param {string} target
 * @param {string} file
 */
async function vsce(stage, target, file) {
  const args = [resolve('node_modules/@vscode/vsce/vsce'), 'package', '--target', target];
  args.push('--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links');
  const result = await run(process.execPath, [...args, '--out', resolve(file)], { cwd: stage });
  if (result.status !== 0) throw new Error(`vsce failed:\n${result.output}`);
}
