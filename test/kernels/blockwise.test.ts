import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import {
  dequantizeBlockwise,
  quantizeBlockwise,
  type BlockwiseOptions,
  type Grid,
} from '../../src/kernels/blockwise';
import { dequantizeCodebook, quantizeCodebook } from '../../src/kernels/codebook4';
import { packBits } from '../../src/kernels/packing';
import { halfQuadraticGrid, leastSquaresGrid } from '../../src/kernels/grids';

const random = seededRandom(17);
const k = 1024;
const n = 96;
const weight = Float32Array.from({ length: k * n }, () => normal(random));

const meanSquare = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;

function errorOf(options: BlockwiseOptions, grid?: Grid): number {
  return meanSquare(weight, dequantizeBlockwise(quantizeBlockwise(weight, k, n, options, grid)));
}

/** Mean square error of standard normal weights, as measured on the reference. */
const expected = [
  { block: 32, symmetric: 0.00739, asymmetric: 0.00654, nf4: 0.00762 },
  { block: 64, symmetric: 0.00903, asymmetric: 0.0083, nf4: 0.00846 },
  { block: 128, symmetric: 0.01068, asymmetric: 0.01012, nf4: 0.00914 },
];

for (const { block, symmetric, asymmetric, nf4 } of expected) {
  test(`4-bit errors of Gaussian weights at block ${block}`, () => {
    const near = (actual: number, wanted: number) =>
      assert.ok(Math.abs(actual / wanted - 1) < 0.02, `${actual} is not ${wanted}`);
    near(errorOf({ bits: 4, block, symmetric: true }), symmetric);
    near(errorOf({ bits: 4, block, symmetric: false }), asymmetric);
    near(meanSquare(weight, dequantizeCodebook(quantizeCodebook(weight, 'nf4', block))), nf4);
  });
}

test('FP4 loses to NF4 on Gaussian weights', () => {
  const fp4 = meanSquare(weight, dequantizeCodebook(quantizeCodebook(weight, 'fp4', 64)));
  assert.ok(Math.abs(fp4 / 0.01489 - 1) < 0.02, String(fp4));
});

test('searched grids beat min-max in the norm they aim at', () => {
  for (const symmetric of [true, false]) {
    const options: BlockwiseOptions = { bits: 4, block: 32, symmetric };
    assert.ok(errorOf(options, leastSquaresGrid(options)) < 0.95 * errorOf(options));
    const p = (grid?: Grid) => {
      const back = dequantizeBlockwise(quantizeBlockwise(weight, k, n, options, grid));
      return weight.reduce((sum, value, i) => sum + Math.abs(value - back[i]!) ** 0.7, 0);
    };
    assert.ok(p(halfQuadraticGrid(options)) < p());
  }
});

test('a block of zeros comes back as zeros', () => {
  for (const symmetric of [true, false]) {
    const options: BlockwiseOptions = { bits: 4, block: 16, symmetric };
    const zeros = new Float32Array(16 * 2);
    for (const grid of [undefined, leastSquaresGrid(options)]) {
      const back = dequantizeBlockwise(quantizeBlockwise(zeros, 16, 2, options, grid));
      assert.ok(back.every((value) => value === 0));
    }
  }
});

test('the first of packed codes lies in the low bits', () => {
  assert.deepEqual([...packBits(Uint8Array.of(1, 2, 3), 4)], [0x21, 0x03]);
  assert.deepEqual([...packBits(Uint8Array.of(1, 2, 3, 0), 2)], [0b00111001]);
});
