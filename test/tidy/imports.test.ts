import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';

/** Folder (or file) under `src` → what it may import from the rest of `src`, besides itself. The text of this table is in src/README.md. */
const core = ['base', 'tensor', 'kernels', 'onnx', 'structure', 'cost', 'runtime'];
const allowed: Record<string, readonly string[]> = {
  base: [],
  protocol: ['base'],
  report: ['base', 'protocol'],
  tensor: ['base'],
  kernels: ['base', 'tensor'],
  onnx: ['base', 'tensor'],
  structure: ['base', 'tensor', 'onnx'],
  runtime: ['base', 'tensor', 'onnx'],
  cost: ['base', 'onnx', 'structure'],
  profile: ['base', 'onnx', 'structure', 'cost', 'runtime'],
  sensitivity: ['base', 'tensor', 'kernels', 'onnx', 'structure', 'runtime'],
  recipe: ['base', 'protocol'],
  actions: [...core, 'protocol'],
  build: [...core, 'protocol', 'sensitivity', 'actions'],
  verify: ['base', 'protocol', 'tensor', 'onnx', 'structure', 'cost', 'runtime', 'profile'],
  engine: [...core, 'protocol', 'profile', 'sensitivity', 'actions', 'recipe', 'build', 'verify'],
  ui: ['base', 'protocol', 'report', 'recipe'],
  'extension.ts': ['base', 'protocol', 'report', 'ui'],
  'cli.ts': ['base', 'protocol', 'report', 'engine', 'cli'],
  cli: ['base', 'protocol', 'report', 'recipe', 'engine'],
};

/** Packages that only these files may import. */
const reserved: Record<string, (file: string) => boolean> = {
  vscode: (file) => file.startsWith('src/ui/') || file === 'src/extension.ts',
  'onnxruntime-node': (file) => ['src/runtime/ort.ts', 'src/runtime/lane.ts'].includes(file),
  '@vscode/webview-ui-toolkit': (file) => file === 'webview/kit.ts',
};

const sources = ['src', 'webview'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`),
);

const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
    (match) => match[1]!,
  );

const placeOf = (file: string) => file.split('/')[1]!;

test('every import stays inside the table', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => posix.join(posix.dirname(file), name))
      .filter((target) => !mayImport(file, target))
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('the table names what there is', () => {
  const present = new Set(sources.filter((file) => file.startsWith('src/')).map(placeOf));
  assert.deepEqual(
    Object.keys(allowed).filter((place) => !present.has(place)),
    [],
  );
});

function mayImport(file: string, target: string): boolean {
  if (file.startsWith('webview/')) {
    return target.startsWith('webview/') || /^src\/(base|protocol)\//.test(target);
  }
  if (!target.startsWith('src/')) return target === 'package.json';
  const from = placeOf(file);
  const to = placeOf(target);
  return from === to || (allowed[from]?.includes(to) ?? false);
}

test('the editor, the runtime and the toolkit each have one home', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((name) => reserved[name] && !reserved[name](file))
      .map((name) => `${file} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('no folder is missing from the table', () => {
  const places = new Set(sources.filter((file) => file.startsWith('src/')).map(placeOf));
  assert.deepEqual(
    [...places].filter((place) => !(place in allowed)),
    [],
  );
});

test('the core does not reach for files, clocks or processes by itself', () => {
  const pure = ['base', 'tensor', 'kernels', 'onnx', 'structure', 'cost', 'report'];
  const wrong = sources
    .filter((file) => file.startsWith('src/') && pure.includes(placeOf(file)))
    .flatMap((file) =>
      importsOf(file)
        .filter((name) => /^node:/.test(name))
        .map((name) => `${file} imports ${name}`),
    );
  assert.deepEqual(wrong, []);
});
