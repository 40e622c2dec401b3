import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../src/base/random';
import { activationScale } from '../../../src/actions/int8Static/codes';
import { realValues, watchRange } from '../../../src/actions/int8Static/ranges';
import { RowSample } from '../../../src/actions/int8Static/sample';
import { biasCodes, quantizeBeside } from '../../../src/actions/int8Static/weights';

test('batch after batch: extremes, their average as ONNX Runtime has it, and what is not finite left out', () => {
  const batches = [Float32Array.of(-1, 2, NaN), Float32Array.of(-3, 1, Infinity)];
  const rangeBy = (method: 'minMax' | 'movingAverage') => {
    const watch = watchRange({ method, percentile: 99 });
    for (const batch of batches) watch.add(batch);
    return watch.range();
  };
  assert.deepEqual(rangeBy('minMax'), { low: -3, high: 2 });
  const average = rangeBy('movingAverage');
  assert.ok(Math.abs(average.low - -1.02) < 1e-6 && Math.abs(average.high - 1.99) < 1e-6);
});

test('a histogram serves percentile, entropy and squared error', () => {
  const values = Float32Array.from({ length: 10_000 }, (_, i) => Math.sin(i));
  values[17] = 40;
  for (const method of ['percentile', 'entropy', 'mse'] as const) {
    const watch = watchRange({ method, percentile: 99.9 });
    watch.add(values.subarray(0, 5000));
    watch.add(values.subarray(5000));
    const { low, high } = watch.range();
    assert.ok(low < -0.9 && high > 0.9 && high <= 40, `${method}: ${low} to ${high}`);
    if (method !== 'mse') assert.ok(high < 2, `${method}: ${high}`);
  }
});

test('padding does not count', () => {
  const tensor = {
    dtype: 'float32',
    shape: [2, 2, 2],
    data: Float32Array.of(1, 2, 9, 9, 3, 4, 9, 9),
  };
  const real = Uint8Array.of(1, 0, 1, 0);
  assert.deepEqual([...realValues({ tensor: tensor as never, real })], [1, 2, 3, 4]);
});

test('scale and zero point of activations are those of ONNX Runtime’s calibrators', () => {
  const { scale, zeroPoint } = activationScale({ low: -1.2, high: 3.4 });
  assert.ok(Math.abs(scale - 0.018039216) < 1e-9);
  assert.equal(zeroPoint, 67);
  assert.deepEqual(activationScale({ low: 0.5, high: 2 }).zeroPoint, 0);
});

test('with a ceiling no code stands for more than it', () => {
  for (let ceiling = 0.1; ceiling < 10; ceiling += 0.07) {
    const { scale, zeroPoint } = activationScale({ low: 0, high: 20 }, ceiling);
    assert.equal(zeroPoint, 0);
    assert.ok(Math.fround(scale * 255) <= Math.fround(ceiling));
    assert.ok(scale * 255 > ceiling * 0.999);
  }
});

test('rows are drawn evenly, and extremes are those of all rows', () => {
  const sample = new RowSample(seededRandom(1));
  const rows = 40_000;
  const values = Float32Array.from({ length: rows * 32 }, (_, i) => Math.floor(i / 32));
  for (let at = 0; at < values.length; at += 3200) sample.add(values.subarray(at, at + 3200), 32);
  const { rows: kept, high, channels } = sample.result();
  assert.equal(channels, 32);
  assert.equal(high[0], rows - 1);
  const mean = kept.reduce((a, b) => a + b, 0) / kept.length;
  assert.ok(Math.abs(mean / (rows / 2) - 1) < 0.02, String(mean));
});

test('a row that is not finite is left out', () => {
  const sample = new RowSample(seededRandom(1));
  sample.add(Float32Array.of(1, NaN, 3, 4), 2);
  assert.deepEqual([...sample.result().rows], [3, 4]);
});

test('a bias too large for its steps raises the weight’s scale until it fits 32 bits', () => {
  const weight = Float32Array.of(1e-6, -1e-6, 0.5, -0.5);
  const inputScale = 1e-3;
  const bias = Float32Array.of(100, 0.1);
  const plain = quantizeBeside(weight, [2, 2], [], false);
  const raised = quantizeBeside(weight, [2, 2], [{ bias, inputScale }], false);
  assert.ok(raised.scales[0]! > plain.scales[0]!);
  assert.equal(raised.scales[1], plain.scales[1]);
  const steps = raised.scales.map((scale) => scale * inputScale);
  const codes = biasCodes(bias, steps);
  codes.forEach((code, i) => {
    assert.ok(Math.abs(code) < 2 ** 31 - 1);
    assert.ok(Math.abs(code * steps[i]! - bias[i]!) <= steps[i]!);
  });
});

test('a convolution’s weight has the scales of ONNX Runtime: largest magnitude over 127', () => {
  const { scales, codes } = quantizeBeside(Float32Array.of(1, -2, 0.5, 0.25), [2, 2], [], false);
  assert.deepEqual([...scales], [Math.fround(4 / 254), Math.fround(1 / 254)]);
  assert.deepEqual([...codes], [64, -127, 127, 64]);
});
