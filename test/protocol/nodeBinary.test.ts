import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { engineEnvironment, findNode } from '../../src/protocol/nodeBinary';

const folder = mkdtempSync(join(tmpdir(), 'fw-node-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = process.env['PATH'];
afterEach(() => (process.env['PATH'] = path));

/** A folder for the PATH with a `node` in it: a script that prints a version, or the real one. */
function withNode(name: string, version: string | undefined): string {
  const inside = join(folder, name);
  mkdirSync(inside);
  const file = join(inside, 'node');
  if (version === undefined) symlinkSync(process.execPath, file);
  else {
    writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
    chmodSync(file, 0o755);
  }
  return inside;
}

const skip = process.platform === 'win32' && 'scripts are no programs there';

test('a plain Node runs its engine on itself', async () => {
  assert.deepEqual(await findNode(undefined), { path: process.execPath, isElectron: false });
});

test('the editor looks for a Node that is new enough', { skip }, async () => {
  const old = withNode('old', 'v18.19.0');
  const broken = withNode('broken', 'hello');
  const real = withNode('real', undefined);
  process.env['PATH'] = [old, broken, '', real].join(delimiter);
  assert.deepEqual(await findNode(undefined, true), {
    path: join(real, 'node'),
    isElectron: false,
  });
});

test('without one the editor’s own binary is taken', { skip }, async () => {
  process.env['PATH'] = withNode('old2', 'v19.9.9');
  assert.deepEqual(await findNode(undefined, true), { path: process.execPath, isElectron: true });
});

test('a Node that is too old is told', { skip }, async () => {
  const old = join(withNode('old3', 'v18.0.0'), 'node');
  await assert.rejects(findNode(old), /is Node 18; the engine needs Node 20 or newer/);
});

test('the environment loses what is meant for the editor alone', () => {
  process.env['VSCODE_PID'] = '1';
  try {
    const plain = engineEnvironment(false);
    assert.equal(plain['VSCODE_PID'], undefined);
    assert.equal(plain['ELECTRON_RUN_AS_NODE'], undefined);
    assert.equal(plain['PATH'], process.env['PATH']);
    assert.equal(engineEnvironment(true)['ELECTRON_RUN_AS_NODE'], '1');
  } finally {
    delete process.env['VSCODE_PID'];
  }
});
