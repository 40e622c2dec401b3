import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scrollTo, windowOf } from '../../../webview/widgets/window';

test('whatever the position, the rows drawn cover the viewport', () => {
  for (const total of [1, 10, 33, 10_000]) {
    for (const height of [100, 480, 777]) {
      const furthest = Math.max(0, total * 24 - height);
      for (const part of [0, 0.001, 0.5, 0.999, 1, 1.2]) {
        const top = Math.min(part * furthest, furthest);
        const { first, last, offset } = windowOf(part * furthest, height, 24, total, 4);
        assert.ok(offset <= 0, 'the first row begins at the top or above it');
        assert.equal(offset, first * 24 - top);
        const bottom = offset + (last - first) * 24;
        assert.ok(bottom >= Math.min(height, total * 24 - top), 'and the last ends at the bottom');
        assert.ok(last - first <= Math.ceil(height / 24) + 10, 'without drawing many more');
      }
    }
  }
});

test('an empty table draws nothing', () => {
  assert.deepEqual(windowOf(0, 400, 24, 0, 4), { first: 0, last: 0, offset: 0 });
});

test('scrolling to a row moves no further than it has to', () => {
  assert.equal(scrollTo(5, 0, 240, 24), 0);
  assert.equal(scrollTo(10, 0, 240, 24), 24);
  assert.equal(scrollTo(3, 200, 240, 24), 72);
});
