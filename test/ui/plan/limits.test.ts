import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLimit } from '../../../src/ui/plan/limits';

const whole = 90_000_000;

test('a limit is read in the units that people use', () => {
  assert.deepEqual(parseLimit('size', '25 MB', whole), { kind: 'size', value: 25e6 });
  assert.deepEqual(parseLimit('size', ' 22% ', whole), { kind: 'size', value: 0.22 * whole });
  assert.equal(parseLimit('size', '25', whole)?.value, 25e6);
  assert.equal(parseLimit('size', '24MiB', whole)?.value, 24 * 2 ** 20);
  assert.equal(parseLimit('latency', '5 ms', whole)?.value, 5);
  assert.equal(parseLimit('latency', '2.5', whole)?.value, 2.5);
  assert.equal(parseLimit('latency', '800 µs', whole)?.value, 0.8);
  assert.equal(parseLimit('speed', '2.3x', whole)?.value, 2.3);
  assert.equal(parseLimit('damage', '1e-3', whole)?.value, 0.001);
});

test('what is no limit is refused', () => {
  for (const text of ['', 'MB', 'five', '-1', '0', '1.2.3', '25 parrots']) {
    assert.equal(parseLimit('size', text, whole), undefined, text);
  }
  assert.equal(parseLimit('damage', '1 ms', whole), undefined);
  assert.equal(parseLimit('latency', '22 %', whole), undefined);
});
