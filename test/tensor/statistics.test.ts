import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import { statisticsOf } from '../../src/tensor/statistics';

const close = (found: number, expected: number, within: number) =>
  assert.ok(Math.abs(found - expected) <= within, `${found} is not ${expected}`);

test('statistics of few numbers, by hand', () => {
  const chunks = () => [
    [1, 2, 0],
    [4, -3, NaN, Infinity],
  ];
  const { histogram, ...rest } = statisticsOf(chunks, 7);
  assert.deepEqual(rest, {
    count: 5,
    notFinite: 2,
    min: -3,
    max: 4,
    mean: 0.8,
    std: Math.sqrt(5.36),
    zeros: 1,
    outliers: 0,
  });
  assert.deepEqual(histogram, { from: -3, to: 4, counts: [1, 0, 0, 1, 1, 1, 1] });
});

test('chunks make no difference, and a mean far from zero costs no precision', () => {
  const random = seededRandom(5);
  const values = Float64Array.from({ length: 50_000 }, () => 1e6 + normal(random));
  values[17] = 1e6 + 40;
  const whole = statisticsOf(() => [values]);
  const pieces = () =>
    Array.from({ length: 50 }, (_, i) => values.subarray(i * 1000, (i + 1) * 1000));
  const parts = statisticsOf(pieces);
  close(parts.mean, whole.mean, 1e-6);
  close(parts.std, whole.std, 1e-9);
  close(whole.std, Math.sqrt(1 + 40 ** 2 / 50_000), 0.02);
  assert.equal(whole.outliers, 1);
  assert.deepEqual(parts.histogram, whole.histogram);
  assert.equal(
    whole.histogram.counts.reduce((a, b) => a + b),
    50_000,
  );
});

test('one value only, and none at all', () => {
  const same = statisticsOf(() => [[2, 2, 2]], 4);
  assert.deepEqual(same.histogram, { from: 2, to: 2, counts: [3, 0, 0, 0] });
  assert.equal(same.std, 0);
  const none = statisticsOf(() => [], 2);
  assert.deepEqual(none.histogram, { from: 0, to: 0, counts: [0, 0] });
  assert.equal(none.mean, 0);
});
