import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clusteredMean,
  cosine,
  Differences,
  klDivergences,
  maxError,
  meanWithInterval,
  normalizedSquaredError,
  pairedInterval,
  shareInterval,
  sqnrDb,
  topClasses,
} from '../../src/tensor/measures';

const near = (actual: number, wanted: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual} is not ${wanted}`);

test('KL of two classes by hand', () => {
  // softmax(0, ln 3) = (1/4, 3/4), softmax(0, 0) = (1/2, 1/2)
  const [kl] = klDivergences([0, Math.log(3)], [0, 0], 2);
  near(kl!, 0.25 * Math.log(0.5) + 0.75 * Math.log(1.5));
});

test('KL is zero for equal rows, does not see a shift, and survives large logits', () => {
  near(klDivergences([1, 2, 3], [1, 2, 3], 3)[0]!, 0);
  near(klDivergences([1, 2, 3], [11, 12, 13], 3)[0]!, 0);
  assert.ok(Number.isFinite(klDivergences([1e4, 0], [0, 1e4], 2)[0]!));
});

test('a higher temperature softens the difference', () => {
  const at = (temperature: number) => klDivergences([4, 0], [0, 0], 2, temperature)[0]!;
  assert.ok(at(4) < at(1));
});

test('errors and their decibels', () => {
  assert.equal(maxError([1, 2], [1, 5]), 3);
  assert.equal(maxError([1, 2], [1, NaN]), Infinity);
  near(normalizedSquaredError([3, 4], [3, 3]), 1 / 25);
  near(sqnrDb([10], [9]), 20);
  assert.equal(sqnrDb([1, 2], [1, 2]), Infinity);
});

test('cosine', () => {
  near(cosine([1, 0], [1, 1]), Math.SQRT1_2);
  assert.equal(cosine([0, 0], [0, 0]), 1);
});

test('the top class of every row, the first of equals', () => {
  assert.deepEqual([...topClasses([1, 3, 2, 5, 5, 0], 3)], [1, 0]);
});

test('an interval narrows with the root of the count', () => {
  const values = (n: number) => Array.from({ length: n }, (_, i) => i % 2);
  const { mean, halfWidth } = meanWithInterval(values(100));
  near(mean, 0.5);
  near(halfWidth, 1.96 * Math.sqrt(100 / 99 / 400), 1e-9);
  assert.equal(meanWithInterval([1]).halfWidth, Infinity);
});

test('samples of several rows count as samples', () => {
  const alone = clusteredMean([1, 0, 1, 0], [1, 1, 1, 1]);
  assert.deepEqual(alone, meanWithInterval([1, 0, 1, 0]));
  // The same rows told twice say nothing more.
  near(clusteredMean([2, 0, 2, 0], [2, 2, 2, 2]).halfWidth, alone.halfWidth);
  near(clusteredMean([3, 0], [3, 1]).mean, 0.75);
});

test('intervals of shares keep a width where all samples agree', () => {
  // Newcombe 1998, table I: 81 of 263 and 0 of 20.
  const some = shareInterval(81 / 263, 263);
  near(some.low, 0.2553, 5e-5);
  near(some.high, 0.3662, 5e-5);
  const none = shareInterval(0, 20);
  near(none.low, 0);
  near(none.high, 0.1611, 5e-5);
  const equal = pairedInterval(0, 0, 50);
  assert.ok(equal.low < 0 && equal.high > 0 && equal.high < 0.06, JSON.stringify(equal));
  const lost = pairedInterval(2, 30, 100);
  assert.ok(lost.high < 0 && lost.low < -0.28 && lost.low > -0.45, JSON.stringify(lost));
});

test('differences are gathered piece by piece', () => {
  const pieces = new Differences();
  pieces.add([1, 2, 3, 4], [1, 2.5, 3, 4], 0, 2);
  pieces.add([1, 2, 3, 4], [1, 2.5, 3, 3], 2, 4);
  near(pieces.meanError, 1.5 / 4);
  near(pieces.normalizedSquaredError, 1.25 / 30);
  pieces.add([NaN, Infinity, 1], [NaN, Infinity, NaN]);
  assert.deepEqual([pieces.count, pieces.broken, pieces.largestFinite], [7, 1, 1]);
  assert.equal(pieces.maxError, Infinity);
});
