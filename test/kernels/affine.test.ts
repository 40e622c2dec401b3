import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random';
import {
  affineParameters,
  dequantizeAffine,
  quantizeAffine,
  roundHalfEven,
} from '../../src/kernels/affine';

test('scale and zero point of an asymmetric range', () => {
  const { scale, zeroPoint } = affineParameters(-1.2, 3.4, { dtype: 'uint8', symmetric: false });
  assert.ok(Math.abs(scale - 0.018039216) < 1e-9);
  assert.equal(zeroPoint, 67);
});

test('symmetric zero points lie in the middle', () => {
  assert.equal(affineParameters(-1, 2, { dtype: 'int8', symmetric: true }).zeroPoint, 0);
  assert.equal(affineParameters(-1, 2, { dtype: 'uint8', symmetric: true }).zeroPoint, 128);
});

test('a constant of zero gets scale 1 and codes 0', () => {
  const { codes, scales } = quantizeAffine(new Float32Array(4), [4], {
    dtype: 'int8',
    symmetric: true,
  });
  assert.deepEqual([...codes], [0, 0, 0, 0]);
  assert.equal(scales[0], 1);
});

test('halves round to even', () => {
  assert.deepEqual(
    [0.5, 1.5, 2.5, -0.5, -1.5].map((value) => roundHalfEven(value) + 0),
    [0, 2, 2, 0, -2],
  );
});

test('inside the range no value moves by more than half a step, along either axis', () => {
  const random = seededRandom(3);
  const values = Float32Array.from({ length: 6 * 5 }, () => random() * 4 - 2);
  for (const axis of [undefined, 0, 1]) {
    for (const dtype of ['int8', 'uint8'] as const) {
      for (const symmetric of [true, false]) {
        const options = { dtype, symmetric, ...(axis === undefined ? {} : { axis }) };
        const quantized = quantizeAffine(values, [6, 5], options);
        const back = dequantizeAffine(quantized, [6, 5], axis);
        values.forEach((value, i) => {
          const channel = axis === undefined ? 0 : axis === 0 ? Math.floor(i / 5) : i % 5;
          assert.ok(Math.abs(value - back[i]!) <= quantized.scales[channel]! * 0.5001);
        });
      }
    }
  }
});

test('uniform data keeps 6.02 dB a bit: the error is a twelfth of a squared step', () => {
  const random = seededRandom(5);
  const values = Float32Array.from({ length: 50_000 }, () => random() * 2 - 1);
  const quantized = quantizeAffine(values, [values.length], { dtype: 'uint8', symmetric: false });
  const back = dequantizeAffine(quantized, [values.length]);
  const mse = values.reduce((sum, value, i) => sum + (value - back[i]!) ** 2, 0) / values.length;
  const step = quantized.scales[0]!;
  assert.ok(Math.abs(mse / (step ** 2 / 12) - 1) < 0.02);
});

test('reduced range keeps weights within seven bits', () => {
  const values = Float32Array.of(-3, 1, 3);
  const { codes } = quantizeAffine(values, [3], {
    dtype: 'int8',
    symmetric: true,
    reduceRange: true,
  });
  assert.deepEqual([...codes], [-64, 21, 64]);
});
