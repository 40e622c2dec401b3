import { context } from 'esbuild';
import { splitAsCommonJs } from './split.mjs';

/** @type {import('esbuild').BuildOptions} */
const node = {
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // The editor's API, and the native runtime, which stand beside the bundle and not in it.
  external: ['vscode', 'onnxruntime-node'],
  // jsonc-parser names its plain JavaScript by “module”; its “main” cannot be bundled.
  mainFields: ['module', 'main'],
};

/** @type {import('esbuild').BuildOptions[]} */
const targets = [
  // What an activation needs, what it does not, and what both share: three files.
  {
    ...node,
    format: 'esm',
    splitting: true,
    entryPoints: { extension: 'src/extension.ts', 'extension.later': 'src/ui/later.ts' },
    chunkNames: 'extension.shared',
    plugins: [splitAsCommonJs],
  },
  { ...node, entryPoints: { engine: 'src/engine/main.ts' } },
  { ...node, entryPoints: { cli: 'src/cli.ts' }, banner: { js: '#!/usr/bin/env node' } },
  { ...node, entryPoints: { 'cli.main': 'src/cli/start.ts' } },
  {
    platform: 'browser',
    format: 'iife',
    target: 'chrome130',
    entryPoints: { 'webview/dashboard': 'webview/main.tsx' },
    jsx: 'automatic',
    jsxImportSource: 'preact',
  },
];

/**
 * Bundles everything that the extension and the command line run. Gives the paths of all source files that went in.
 * @param {{ outdir: string, minify?: boolean, watch?: boolean }} options
 */
export async function bundle({ outdir, minify = false, watch = false }) {
  const contexts = await Promise.all(
    targets.map((target) =>
      context({
        ...target,
        bundle: true,
        outdir,
        minify,
        metafile: true,
        sourcemap: minify ? false : 'linked',
        legalComments: 'none',
        logLevel: 'warning',
        loader: { '.ttf': 'file', '.json': 'json' },
      }),
    ),
  );
  const results = await Promise.all(contexts.map((it) => it.rebuild()));
  await Promise.all(contexts.map((it) => (watch ? it.watch() : it.dispose())));
  return results.flatMap((it) => Object.keys(it.metafile.inputs));
}
