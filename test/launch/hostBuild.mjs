import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

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
  return { extension: resolve('.'), suite: join(outdir, 'index.js'), workspace: sampleWorkspace() };
}

/** A copy of the samples that may be changed, in a folder of its own: the workspace of the tests. */
export function sampleWorkspace() {
  const folder = join(mkdtempSync(join(tmpdir(), 'featherweight-')), 'models');
  cpSync('media/samples', folder, { recursive: true });
  return folder;
}
