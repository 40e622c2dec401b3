import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { binarize } from '../../src/kernels/binary';
import {
  blockMaxima,
  doubleDequantize,
  doubleQuantize,
  packHighFirst,
} from '../../src/kernels/codebook4';
import { dequantizeFixedPoint, quantizeFixedPoint } from '../../src/kernels/fixedPoint';

const wave = (count: number, step = 1.7) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step) * (1 + (i % 5)));

describe('fixed point', () => {
  for (let bits = 2; bits <= 16; bits++) {
    test(`${bits} bits: codes stay within the width, errors within half a step`, () => {
      const values = wave(6 * 40);
      for (const powersOfTwo of [true, false]) {
        const made = quantizeFixedPoint(values, 6, { bits, powersOfTwo });
        const top = 2 ** (bits - 1) - 1;
        assert.ok(made.codes.every((code) => Math.abs(code) <= top));
        const back = dequantizeFixedPoint(made);
        values.forEach((value, i) => {
          const step = made.scales[Math.floor(i / 40)]!;
          assert.ok(Math.abs(value - back[i]!) <= step * 0.5001);
          if (powersOfTwo) assert.ok(Number.isInteger(Math.log2(step)));
        });
      }
    });
  }

  test('a row of zeros stays one', () => {
    const made = quantizeFixedPoint(new Float32Array(8), 2, { bits: 4, powersOfTwo: true });
    assert.deepEqual([...dequantizeFixedPoint(made)], Array(8).fill(0));
  });
});

test('of all rows α · sign, the mean magnitude is nearest', () => {
  const values = wave(30);
  const { codes, scales } = binarize(values, 1);
  const errorAt = (scale: number) =>
    values.reduce((sum, value, i) => sum + (value - (codes[i] ? scale : -scale)) ** 2, 0);
  assert.ok(errorAt(scales[0]!) < errorAt(scales[0]! * 1.01));
  assert.ok(errorAt(scales[0]!) < errorAt(scales[0]! * 0.99));
});

test('codes of one, two and four bits fill bytes from the top', () => {
  assert.deepEqual([...packHighFirst(Uint8Array.of(1, 0, 1, 0, 0, 0, 0, 1, 1), 1)], [0xa1, 0x80]);
  assert.deepEqual([...packHighFirst(Uint8Array.of(3, 0, 1, 2, 2), 2)], [0xc6, 0x80]);
  assert.deepEqual([...packHighFirst(Uint8Array.of(9, 4, 15))], [0x94, 0xf0]);
});

test('scales of scales lose half a step of their group at most', () => {
  const maxima = blockMaxima(wave(64 * 300), 64).map((value, i) => value + i / 100);
  const double = doubleQuantize(maxima);
  assert.equal(double.scales.length, 2);
  doubleDequantize(double).forEach((value, i) => {
    const step = double.scales[Math.floor(i / 256)]!;
    assert.ok(Math.abs(value - maxima[i]!) <= step * 0.501);
  });
});
