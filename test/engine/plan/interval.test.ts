import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../../src/base/random';
import { meanInterval } from '../../../src/engine/plan/interval';

test('the interval of a symmetric mean is the usual one', () => {
  const random = seededRandom(3);
  const values = Array.from({ length: 400 }, () => 5 + normal(random));
  const mean = values.reduce((sum, each) => sum + each, 0) / 400;
  const { low, high } = meanInterval(values);
  const half = 1.96 / Math.sqrt(400);
  assert.ok(Math.abs(high - mean - half) < 0.15 * half, String(high - mean));
  assert.ok(Math.abs(mean - low - half) < 0.15 * half, String(mean - low));
});

test('a heavy tail lifts the upper end, and the interval holds the mean about as often as it says', () => {
  const random = seededRandom(7);
  let [held, symmetric] = [0, 0];
  const rounds = 300;
  for (let round = 0; round < rounds; round++) {
    const values = Array.from({ length: 100 }, () => Math.exp(1.2 * normal(random)));
    const mean = values.reduce((sum, each) => sum + each, 0) / 100;
    const { low, high } = meanInterval(values);
    assert.ok(high - mean > mean - low);
    const truth = Math.exp(0.72);
    if (truth <= high) held++;
    const spread = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 99;
    if (truth <= mean + 1.96 * Math.sqrt(spread / 100)) symmetric++;
  }
  assert.ok(held / rounds > 0.92, `${held} of ${rounds}`);
  assert.ok(held > symmetric, `${held} against ${symmetric} of the symmetric one`);
});

test('what does not vary has an interval of no width', () => {
  assert.deepEqual(meanInterval([2, 2, 2]), { low: 2, high: 2 });
});
