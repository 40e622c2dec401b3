import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathSegments, printable } from '../../src/base/text';

test('a name from a file is shown on one line whatever it holds', () => {
  assert.equal(printable('a\nb\tc\r'), 'a\\nb\\tc\\r');
  assert.equal(printable('\u001b[31mred'), '\\u{001b}[31mred');
  assert.equal(printable('abc\u202Etxt.exe'), 'abc\\u{202e}txt.exe');
  assert.equal(printable('注意 ✓ 😀'), '注意 ✓ 😀');
  assert.equal(printable('\ud800'), '\\u{d800}');
});

test('a very long name loses its middle', () => {
  const shown = printable('a'.repeat(500_000) + 'end', 40);
  assert.equal(shown.length, 40);
  assert.match(shown, /^a+…a+end$/);
});

test('numbers stay with what they count', () => {
  assert.deepEqual(pathSegments('bert.encoder.layer.0.attention'), [
    'bert',
    'encoder',
    'layer.0',
    'attention',
  ]);
  assert.deepEqual(pathSegments('features.0.1'), ['features.0', '1']);
  assert.deepEqual(pathSegments('0.weight'), ['0', 'weight']);
  assert.deepEqual(pathSegments('a..b.'), ['a', 'b']);
});
