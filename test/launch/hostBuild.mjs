import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { bundle } from '../../.ci/lib/bundle.mjs';

/**
 * Bundles the suite of test/host for the extension host and copies the sample models into a workspace that it may write to.
 * @returns {Promise<{ extension: string, suite: string, workspace: string }>}
 */
export async function prepareHost() {
  const outdir = resolve('out/host');
  rmSync(outdir, { recursive: true, force: true });
  const tests = readdirSync('test/host', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.test.ts'),
  );
  await build({
    entryPoints: {
      index: 'test/launch/suite.ts',
      ...Object.fromEntries(tests.map((file) => [file.slice(0, -3), join('test/host', file)])),
    },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  });
  const extension = join(outdir, 'extension');
  await shippedExtension(extension);
  return { extension, suite: join(outdir, 'index.js'), workspace: sampleWorkspace() };
}

/**
 * The extension as it is shipped, but for the runtime, which is found in the folders above.
 * @param {string} folder
 */
async function shippedExtension(folder) {
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package.nls.json']) cpSync(file, join(folder, file));
  symlinkSync(resolve('media'), join(folder, 'media'), 'junction');
  await bundle({ outdir: join(folder, 'dist'), minify: true });
}

/** A copy of the samples that may be changed, in a folder of its own: the workspace of the tests. */
export function sampleWorkspace() {
  const folder = join(mkdtempSync(join(tmpdir(), 'featherweight-')), 'models');
  cpSync('media/samples', folder, { recursive: true });
  return folder;
}
