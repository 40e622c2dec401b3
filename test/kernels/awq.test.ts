import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import { awqExponents, awqFactors, scaledRoundingError } from '../../src/kernels/awq';
import { dequantizeBlockwise, minMaxGrid, quantizeBlockwise } from '../../src/kernels/blockwise';
import { transpose } from '../../src/tensor/linalg';

const options = { bits: 4, block: 16, symmetric: false } as const;

test('the exponents go from 0 to 19/20', () => {
  assert.deepEqual([awqExponents.length, awqExponents[0], awqExponents.at(-1)], [20, 0, 0.95]);
});

test('factors are powers of the magnitudes, about 1 in the middle', () => {
  assert.deepEqual(awqFactors(Float64Array.of(1, 16, 4), 0.5), Float32Array.of(0.5, 2, 1));
  // Inputs that are always 0 count as 1e-4.
  const [smallest, largest] = awqFactors(Float64Array.of(0, 1), 0.5);
  assert.ok(Math.abs(smallest! - 0.01) < 1e-8 && Math.abs(largest! - 100) < 1e-4);
});

test('an exponent of 0 is rounding to the nearest', () => {
  const [k, n] = [40, 6];
  const random = seededRandom(3);
  const channels = Float32Array.from({ length: k * n }, () => normal(random));
  const grid = minMaxGrid(options);
  const magnitudes = Float64Array.from({ length: k }, () => Math.abs(normal(random)));
  const error = scaledRoundingError(channels, awqFactors(magnitudes, 0), options, grid);
  const rounded = transpose(
    dequantizeBlockwise(quantizeBlockwise(transpose(channels, n, k), k, n, options)),
    k,
    n,
  );
  assert.deepEqual(
    error,
    channels.map((value, at) => rounded[at]! - value),
  );
});
