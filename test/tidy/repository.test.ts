import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

const skip = existsSync('.git') ? false : 'not a clone';
const tracked = skip
  ? []
  : execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
      .split('\0')
      .filter((file) => file !== '' && existsSync(file));

const isBinary = (file: string) => /\.(onnx|npz|npy|png|ttf|woff2?|gz)$/.test(file);
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

test('no file names a path of somebody’s machine or a package registry', { skip }, () => {
  // Written in pieces, or this file would find itself.
  const words = [
    '/' + 'root/',
    '/' + 'home/',
    '/' + 'Users/',
    '/' + 'work/',
    'registry' + '.npmjs',
  ];
  const found = tracked
    .filter((file) => !isBinary(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return words.filter((word) => text.includes(word)).map((word) => `${file}: ${word}`);
    });
  assert.deepEqual(found, []);
});

test('the lock file leaves the choice of a registry to the machine', () => {
  const lock = readFileSync('package-lock.json', 'utf8');
  assert.doesNotMatch(lock, /"resolved": "http/);
});

test('every package stands at an exact version', () => {
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  assert.deepEqual(loose, []);
});

test('every file is small enough for a clone to stay quick', { skip }, () => {
  const total = tracked.reduce((sum, file) => sum + statSync(file).size, 0);
  const large = tracked.filter((file) => statSync(file).size > 1_000_000);
  assert.deepEqual(large, []);
  assert.ok(total < 16_000_000, `${total} bytes are tracked`);
});
