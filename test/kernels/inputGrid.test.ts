import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import {
  bestInputGrid,
  factorsFor,
  type InputSample,
  type InputWeights,
} from '../../src/kernels/inputGrid';

const channels = 32;

/** Rows of normal numbers, channel by channel as wide as `widths`. */
function sampleOf(widths: readonly number[], rows = 400): InputSample {
  const random = seededRandom(7);
  const values = Float32Array.from(
    { length: rows * channels },
    (_, i) => normal(random) * widths[i % channels]!,
  );
  const low = new Float32Array(channels);
  const high = new Float32Array(channels);
  values.forEach((value, i) => {
    low[i % channels] = Math.min(low[i % channels]!, value);
    high[i % channels] = Math.max(high[i % channels]!, value);
  });
  return { channels, rows: values, low, high };
}

/** A weight [K, 1] of ones. */
const ones: InputWeights = {
  energy: new Float64Array(channels).fill(1),
  largest: new Float32Array(channels).fill(1),
  squaredSteps: (factors) =>
    (factors ? Math.max(...factors.map((f) => 1 / f)) / 127 : 1 / 127) ** 2,
};

test('the divisors of SmoothQuant: its own example gives 1 and 10', () => {
  const sample = {
    channels: 2,
    rows: new Float32Array(2),
    low: Float32Array.of(0, -100),
    high: Float32Array.of(1, 20),
  };
  const factors = factorsFor(sample, Float32Array.of(1, 1), 0.5);
  assert.ok(Math.abs(factors[0]! / factors[1]! - 10) < 0.01);
});

test('channels that are never used keep their size', () => {
  const sample = { ...sampleOf(new Array<number>(channels).fill(1)) };
  sample.low[3] = 0;
  sample.high[3] = 0;
  const factors = factorsFor(sample, ones.largest, 0.5);
  assert.equal(factors[3], 1);
  assert.ok(factors.every((factor) => Number.isFinite(factor) && factor > 0));
});

test('an even input is left as it is, and its range nearly whole', () => {
  const sample = sampleOf(new Array<number>(channels).fill(1));
  const { range, factors } = bestInputGrid(sample, ones, { smooth: true });
  assert.equal(factors, undefined);
  assert.ok(range.high > 2.5 && range.high <= Math.max(...sample.high));
});

test('a channel of outliers is divided, but not where that was declined', () => {
  const widths = new Array<number>(channels).fill(1);
  widths[5] = 60;
  const sample = sampleOf(widths);
  const smoothed = bestInputGrid(sample, ones, { smooth: true });
  assert.ok(smoothed.factors);
  assert.ok(smoothed.factors[5]! < smoothed.factors[0]! / 4);
  assert.ok(smoothed.range.high < 60);
  assert.equal(bestInputGrid(sample, ones, { smooth: false }).factors, undefined);
});

test('one row of outliers is clipped: the others count as much as it does', () => {
  const sample = sampleOf(new Array<number>(channels).fill(1));
  for (let c = 0; c < channels; c++) sample.rows[c] = 50;
  sample.high.fill(50);
  const { range } = bestInputGrid(sample, ones, { smooth: false });
  assert.ok(range.high < 25, String(range.high));
});

test('an input that was never seen, or is zero, has a range and no factors', () => {
  const empty = { ...sampleOf([]), rows: new Float32Array() };
  empty.low.fill(0);
  empty.high.fill(0);
  const grid = bestInputGrid(empty, ones, { smooth: true });
  assert.deepEqual([grid.range.low + 0, grid.range.high, grid.factors], [0, 0, undefined]);
});
