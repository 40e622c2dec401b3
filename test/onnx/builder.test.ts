import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberLast } from '../../src/onnx/builder';

test('the last result is kept, and computed again once another was asked for', () => {
  const remember = rememberLast();
  let count = 0;
  const first = remember(() => ++count);
  const second = remember(() => 'other');
  assert.deepEqual([first(), first(), second(), first()], [1, 1, 'other', 2]);
});

test('a result that is made of the one that was kept', () => {
  const remember = rememberLast();
  const inner = remember(() => 20);
  const outer = remember(() => inner() + 1);
  assert.equal(inner(), 20);
  assert.equal(outer(), 21);
});
