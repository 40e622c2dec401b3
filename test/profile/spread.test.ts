import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spreadOf } from '../../src/profile/spread';

test('median and percentiles lie between neighbours', () => {
  assert.deepEqual(spreadOf([3]), { median: 3, p10: 3, p90: 3 });
  assert.equal(spreadOf([4, 1, 3, 2]).median, 2.5);
  const { median, p10, p90 } = spreadOf(Array.from({ length: 101 }, (_, at) => 100 - at));
  assert.deepEqual([p10, median, p90], [10, 50, 90]);
});

test('one slow run does not move the median', () => {
  assert.equal(spreadOf([1, 1, 1, 1, 1000]).median, 1);
});
