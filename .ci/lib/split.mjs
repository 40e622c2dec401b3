import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { transform } from 'esbuild';

/**
 * The editor's API as esbuild imports it into a file of ours: a copy of its some 400 members. It is an object whose members stay what
 * they are, and needs no copies: they would take five sixths of an activation.
 */
const copiedApi = /\b[\w$]+\(require\("vscode"\)(?:, ?1)?\)/g;

/**
 * Writes what esbuild has split as CommonJS: it splits modules of the newer kind only, and VS Code loads extensions of the older one.
 * @type {import('esbuild').Plugin}
 */
export const splitAsCommonJs = {
  name: 'split-as-common-js',
  setup(build) {
    const options = build.initialOptions;
    const { minify = false, target } = options;
    const sourcemap = options.sourcemap ? 'inline' : false;
    Object.assign(options, { write: false, sourcemap });
    build.onEnd(async ({ outputFiles = [] }) => {
      for (const { path, text } of outputFiles) {
        const { code } = await transform(text, {
          ...{ format: 'cjs', platform: 'node', target, minify },
          ...{ sourcemap, sourcefile: path, legalComments: 'none' },
          supported: { 'dynamic-import': false },
        });
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, code.replace(copiedApi, 'require("vscode")'));
      }
    });
  },
};
