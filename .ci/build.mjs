// Bundles every target with esbuild. usage: node .ci/build.mjs [--watch] [--minify]
import { context } from 'esbuild';

const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');

/** What stays outside every bundle: the editor's API and the native runtime. */
const external = ['vscode', 'onnxruntime-node'];
const node = { platform: 'node', format: 'cjs', target: 'node20', external };
const browser = { platform: 'browser', format: 'iife', target: 'chrome130' };

const targets = [
  { ...node, entryPoints: { extension: 'src/extension.ts' } },
  { ...node, entryPoints: { engine: 'src/engine/main.ts' } },
  { ...node, entryPoints: { cli: 'src/cli.ts' }, banner: { js: '#!/usr/bin/env node' } },
  {
    ...browser,
    entryPoints: { 'webview/dashboard': 'webview/main.tsx' },
    jsx: 'automatic',
    jsxImportSource: 'preact',
  },
];

const contexts = await Promise.all(
  targets.map((target) =>
    context({
      ...target,
      bundle: true,
      outdir: 'dist',
      minify,
      sourcemap: minify ? false : 'linked',
      legalComments: 'linked',
      logLevel: 'warning',
      loader: { '.ttf': 'file', '.json': 'json' },
    }),
  ),
);
if (watch) await Promise.all(contexts.map((c) => c.watch()));
else {
  await Promise.all(contexts.map((c) => c.rebuild()));
  await Promise.all(contexts.map((c) => c.dispose()));
}
