import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entropyRange, minMaxRange, mseRange, percentileRange } from '../../src/kernels/calibrate';
import { addValues, newHistogram } from '../../src/kernels/histogram';

/** Quantile of the standard normal, by bisection. */
function quantile(p: number): number {
  let low = -8;
  let high = 8;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (cumulative(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Φ(x) by the series of Marsaglia (2004). */
function cumulative(x: number): number {
  if (Math.abs(x) > 7.9) return x > 0 ? 1 : 0;
  let sum = x;
  let term = x;
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) sum += term *= (x * x) / i;
  return 0.5 + sum * Math.exp((-x * x) / 2 - 0.91893853320467274178);
}

const gaussian = Float64Array.from({ length: 100_000 }, (_, i) => quantile((i + 0.5) / 100_000));

function histogramOf(values: ArrayLike<number>) {
  const histogram = newHistogram(8192);
  addValues(histogram, values);
  return histogram;
}

const near = (actual: number, wanted: number, tolerance: number) =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual} is not ${wanted} ± ${tolerance}`);

test('ranges of a Gaussian', () => {
  const histogram = histogramOf(gaussian);
  near(minMaxRange(histogram).high, 4.417, 0.001);
  near(percentileRange(histogram, 99.9).high, 3.29, 0.02);
  near(percentileRange(histogram, 99.99).high, 3.87, 0.05);
  near(mseRange(histogram, 255).high, 3.92, 0.12);
});

test('two outliers move min-max and not the others', () => {
  const histogram = histogramOf([...gaussian, 40, -40]);
  assert.equal(minMaxRange(histogram).high, 40);
  near(percentileRange(histogram, 99.9).high, 3.29, 0.05);
  near(percentileRange(histogram, 99.99).high, 3.9, 0.1);
  assert.ok(entropyRange(histogram, 256).high < 8, String(entropyRange(histogram, 256).high));
});

test('a histogram that grows counts the same as one that knew its range', () => {
  const parts = newHistogram(8192);
  addValues(
    parts,
    gaussian.filter((value) => Math.abs(value) < 1),
  );
  addValues(
    parts,
    gaussian.filter((value) => Math.abs(value) >= 1),
  );
  assert.equal(parts.total, gaussian.length);
  assert.equal(
    parts.counts.reduce((a, b) => a + b, 0),
    gaussian.length,
  );
  near(percentileRange(parts, 99.9).high, 3.29, 0.02);
});

test('values that are not finite are left out', () => {
  const histogram = histogramOf([1, NaN, Infinity, -1]);
  assert.equal(histogram.total, 2);
  assert.equal(minMaxRange(histogram).high, 1);
});

test('nothing seen gives an empty range, a constant gives itself', () => {
  assert.deepEqual(minMaxRange(newHistogram()), { low: 0, high: 0 });
  const constant = histogramOf([0, 0, 0]);
  for (const range of [minMaxRange, entropyRange, mseRange]) {
    assert.deepEqual(range(constant, 256).high + 0, 0);
  }
});

test('one-sided data gets a one-sided range', () => {
  const relu = histogramOf(gaussian.map((value) => Math.max(0, value)));
  for (const range of [minMaxRange, entropyRange, mseRange]) assert.ok(range(relu, 256).low >= 0);
});
