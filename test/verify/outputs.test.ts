import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PositionMask } from '../../src/runtime/calibration';
import type { Batch } from '../../src/runtime/datasets/dataset';
import type { RunTensor } from '../../src/runtime/runner';
import { encodeElements } from '../../src/tensor/decode';
import { OutputComparison } from '../../src/verify/outputs';

const floats = (shape: number[], values: readonly number[]): RunTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const int64 = (shape: number[], values: readonly number[]): RunTensor => ({
  dtype: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});
const batchOf = (labels?: readonly number[], mask?: PositionMask): Batch => ({
  ...{ feeds: {}, labels, mask },
});
const near = (actual: number | undefined, wanted: number, tolerance = 1e-6) =>
  assert.ok(Math.abs((actual ?? NaN) - wanted) <= tolerance, `${actual} is not ${wanted}`);

test('batches add up to what one batch says', () => {
  const a = [3, 1, 0, 2, 5, 5.5, 1, 0];
  const b = [2.5, 1, 0.2, 2, 5.4, 5, 1, 0.5];
  const whole = new OutputComparison();
  whole.add(floats([4, 2], a), floats([4, 2], b), batchOf([0, 1, 1, 1]));
  const parts = new OutputComparison();
  parts.add(floats([1, 2], a.slice(0, 2)), floats([1, 2], b.slice(0, 2)), batchOf([0]));
  parts.add(floats([3, 2], a.slice(2)), floats([3, 2], b.slice(2)), batchOf([1, 1, 1]));
  const [one, other] = [whole.result(), parts.result()];
  assert.deepEqual(other, one);
  assert.equal(one.samples, 4);
  near(one.agreement?.mean, 0.75);
  near(one.accuracy?.reference, 0.75);
  near(one.accuracy?.candidate, 0.5);
  near(one.accuracy?.difference.mean, -0.25);
  near(one.maxError, 0.5);
});

test('values that are no numbers are counted and keep no other figure from being one', () => {
  const comparison = new OutputComparison();
  comparison.add(floats([2, 2], [1, 2, 3, 4]), floats([2, 2], [1, NaN, 3, 4.5]), batchOf([1, 1]));
  const found = comparison.result();
  assert.equal(found.broken, 1);
  assert.equal(found.maxError, Infinity);
  assert.equal(found.largestFinite, 0.5);
  assert.ok(Number.isFinite(found.meanError) && Number.isFinite(found.sqnrDb));
  // A row that is not all numbers agrees with nothing.
  near(found.agreement?.mean, 0.5);
  near(found.accuracy?.candidate, 0.5);
  assert.ok(Number.isNaN(found.kl?.mean));
});

test('classes that both models rule out are no difference', () => {
  const comparison = new OutputComparison();
  const ruled = [1, -Infinity, 2];
  comparison.add(floats([1, 3], ruled), floats([1, 3], ruled), batchOf());
  const found = comparison.result();
  assert.deepEqual([found.broken, found.maxError, found.kl?.mean], [0, 0, 0]);
});

test('half floats are numbers, not their bits', () => {
  const half = (values: number[]): RunTensor => ({
    dtype: 'float16',
    shape: [1, values.length],
    data: new Uint16Array(encodeElements('float16', values).slice().buffer),
  });
  const comparison = new OutputComparison();
  comparison.add(half([1, 2, 4]), floats([1, 3], [1, 2, 4.5]), batchOf());
  near(comparison.result().maxError, 0.5);
});

test('padded positions do not count, and a sequence is one sample', () => {
  const mask = { batch: 2, sequence: 2, real: Uint8Array.from([1, 0, 1, 1]) };
  const a = floats([2, 2, 2], [1, 0, 9, 9, 0, 1, 1, 0]);
  const b = floats([2, 2, 2], [1, 0, -9, 99, 1, 0, 1, 0]);
  const comparison = new OutputComparison();
  comparison.add(a, b, batchOf(undefined, mask));
  const found = comparison.result();
  assert.equal(found.maxError, 1);
  near(found.agreement?.mean, 2 / 3);
});

test('probabilities are not taken for logits', () => {
  const a = [0.9, 0.1];
  const b = [0.6, 0.4];
  const wanted = 0.9 * Math.log(0.9 / 0.6) + 0.1 * Math.log(0.1 / 0.4);
  const pairs = new OutputComparison({ reading: 'probabilities' });
  pairs.add(floats([1, 2], a), floats([1, 2], b), batchOf());
  near(pairs.result().kl?.mean, wanted);
  const chance = new OutputComparison({ reading: 'chance' });
  chance.add(floats([1, 1], [0.9]), floats([1, 1], [0.6]), batchOf());
  near(chance.result().kl?.mean, wanted);
  near(chance.result().agreement?.mean, 1);
  const values = new OutputComparison({ reading: 'values' });
  values.add(floats([1, 2], a), floats([1, 2], b), batchOf());
  assert.equal(values.result().kl, undefined);
  near(values.result().maxError, 0.3);
});

test('the perplexity of the next token, paddings left out', () => {
  const uniform = [0, 0, 0, 0];
  const sure = [0, 0, 0, Math.log(9)];
  const ids = int64([1, 4], [0, 3, 3, 0]);
  const mask = { batch: 1, sequence: 4, real: Uint8Array.from([1, 1, 1, 0]) };
  const comparison = new OutputComparison({ reading: 'logits', tokens: 'ids' });
  comparison.add(
    floats([1, 4, 4], [...uniform, ...uniform, ...uniform, ...uniform]),
    floats([1, 4, 4], [...sure, ...sure, ...uniform, ...uniform]),
    { ...batchOf(undefined, mask), feeds: { ids } },
  );
  const { perplexity } = comparison.result();
  assert.equal(perplexity?.tokens, 2);
  near(perplexity?.reference, 4);
  near(perplexity?.candidate, 12 / 9);
  near(perplexity?.logRatio.mean, Math.log(12 / 9 / 4));
});

test('an interval is given for few samples too, and inside what is possible', () => {
  for (const count of [1, 4]) {
    const comparison = new OutputComparison();
    for (let at = 0; at < count; at++) {
      comparison.add(floats([1, 2], [1, 0]), floats([1, 2], [1, 0]), batchOf([0]));
    }
    const { agreement, accuracy } = comparison.result();
    assert.ok((agreement?.low ?? 1) < 1 && (agreement?.low ?? 0) > 0 && agreement?.high === 1);
    const { low = 0, high = 0 } = accuracy?.difference ?? {};
    assert.ok(low < 0 && high > 0 && low >= -1 && high <= 1, JSON.stringify(accuracy));
  }
});

test('labels of positions are compared one by one, in intervals by sample', () => {
  const comparison = new OutputComparison({ reading: 'logits' });
  const answers = (classes: readonly number[]) =>
    floats(
      [2, 3, 2],
      classes.flatMap((each) => (each === 1 ? [0, 9] : [9, 0])),
    );
  const labels = [
    [0, 1, -100],
    [1, 1, 0],
  ];
  comparison.add(answers([0, 1, 1, 1, 1, 1]), answers([0, 1, 0, 0, 1, 0]), {
    ...batchOf(),
    labels,
  });
  const { accuracy, f1 } = comparison.result();
  near(accuracy?.reference, 4 / 5);
  near(accuracy?.candidate, 4 / 5);
  assert.ok(accuracy!.difference.halfWidth >= 0);
  // Class 1: reference 3 right and 1 too many; candidate 2 right and 1 missed.
  near(f1?.reference, 6 / 7);
  near(f1?.candidate, 4 / 5);
  const other = new OutputComparison({ reading: 'logits' });
  other.add(answers([0, 1, 1, 1, 1, 1]), answers([0, 1, 0, 0, 1, 0]), {
    ...batchOf(),
    labels: [[7], [0]],
  });
  assert.equal(other.result().accuracy, undefined, 'labels of another output');
});
