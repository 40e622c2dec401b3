import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { unzipSync } from 'fflate';
import { here, targets, vsixPath } from '../../.ci/lib/targets.mjs';
import manifest from '../../package.json';

const file = vsixPath(here, manifest.version);

describe('the package', () => {
  let names: string[] = [];
  const content = new Map<string, Uint8Array>();
  before(() => {
    const bytes = readFileSync(file);
    // Bytes are taken of what is read below only: the runtime is 46 MB.
    unzipSync(bytes, { filter: ({ name }) => (names.push(name), false) });
    const wanted = /package\.json$|readme\.md$|licences\.txt$|extension\.js$/;
    const found = unzipSync(bytes, { filter: ({ name }) => wanted.test(name) });
    for (const [name, data] of Object.entries(found)) content.set(name, data);
    names = names.filter((name) => name.startsWith('extension/')).map((name) => name.slice(10));
  });

  it('holds what the extension needs', () => {
    const needed = [
      'package.json',
      'readme.md',
      'changelog.md',
      'LICENSE.txt',
      'dist/extension.js',
      'dist/extension.later.js',
      'dist/extension.shared.js',
      'dist/engine.js',
      'dist/cli.js',
      'dist/cli.main.js',
      'dist/webview/dashboard.js',
      'dist/webview/dashboard.css',
      'dist/licences.txt',
      'media/icon.png',
      'media/samples/digits-vit/model.onnx',
      'media/samples/digits-vit/test.npz',
      'media/schemas/inspect.schema.json',
      'media/schemas/profile.schema.json',
    ];
    assert.deepEqual(
      needed.filter((name) => !names.includes(name)),
      [],
    );
  });

  it('holds nothing else', () => {
    const known =
      /^(package\.json|package\.nls.*\.json|readme\.md|changelog\.md|LICENSE\.txt|media\/.+|dist\/(extension(\.later|\.shared)?|engine|cli|cli\.main)\.js|dist\/licences\.txt|dist\/webview\/[\w.-]+|dist\/node_modules\/onnxruntime-(node|common)\/.+)$/;
    const strange = /\.map$|\.ts$|\.tsx$|(^|\/)(src|test)\/|screenshots|\.env/;
    assert.deepEqual(
      names.filter((name) => !known.test(name) || strange.test(name)),
      [],
    );
  });

  it('holds the runtime of its own platform only', () => {
    const platform = targets[here as keyof typeof targets];
    const runtimes = names.filter((name) => name.includes('/bin/napi-v6/'));
    assert.equal(runtimes.length > 0, platform !== undefined);
    const foreign = runtimes.filter((name) => !name.includes(`/bin/napi-v6/${platform}/`));
    assert.deepEqual(foreign, []);
  });

  it('is at most 20 MB', { skip: here === 'linux-x64' ? false : 'said of linux-x64' }, () => {
    const megabytes = statSync(file).size / 1e6;
    assert.ok(megabytes <= 20, `${megabytes.toFixed(1)} MB`);
  });

  it('asks for no proposed API and no telemetry', () => {
    const shipped = JSON.parse(text('extension/package.json')) as Record<string, unknown>;
    assert.equal(shipped['enabledApiProposals'], undefined);
    assert.equal(shipped['scripts'], undefined);
    assert.equal(shipped['version'], manifest.version);
  });

  it('has a page of its own, without pictures from elsewhere', () => {
    const readme = text('extension/readme.md');
    assert.match(readme, /^# Featherweight$/m);
    assert.match(readme, /^## Settings$/m);
    assert.match(readme, /^## Licence$/m);
    assert.doesNotMatch(readme, /!\[|<img|<details|^## Development$/m);
  });

  it('names the licence of every package that it carries', () => {
    const licences = text('extension/dist/licences.txt');
    for (const name of ['onnxruntime-node', 'vscode-jsonrpc', 'preact', 'fflate']) {
      assert.match(licences, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT`, 'm'));
    }
  });

  const text = (name: string) => new TextDecoder().decode(content.get(name));
});
