import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import {
  dequantizeBlockwise,
  quantizeBlockwise,
  type BlockwiseOptions,
} from '../../src/kernels/blockwise';
import { quantizeGptq } from '../../src/kernels/gptq';

const k = 128;
const n = 128;

/** Inputs [samples, k] whose neighbours correlate by `rho`, and their Σ x·xᵀ. */
function correlatedInputs(rho: number, samples: number) {
  const random = seededRandom(7);
  const inputs = new Float64Array(samples * k);
  const hessian = new Float64Array(k * k);
  for (let s = 0; s < samples; s++) {
    let last = normal(random);
    for (let j = 0; j < k; j++) {
      inputs[s * k + j] = last;
      last = rho * last + Math.sqrt(1 - rho * rho) * normal(random);
    }
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) hessian[i * k + j]! += inputs[s * k + i]! * inputs[s * k + j]!;
    }
  }
  return hessian;
}

function gaussian(count: number): Float32Array {
  const random = seededRandom(11);
  return Float32Array.from({ length: count }, () => normal(random));
}

/** Mean square of the output's error: Σ over outputs of dᵀ·H·d. */
function outputError(weight: Float32Array, rounded: Float32Array, hessian: Float64Array): number {
  let sum = 0;
  const d = new Float64Array(k);
  for (let out = 0; out < n; out++) {
    for (let j = 0; j < k; j++) d[j] = weight[j * n + out]! - rounded[j * n + out]!;
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) sum += d[i]! * hessian[i * k + j]! * d[j]!;
  }
  return sum;
}

test('with uncorrelated equal inputs GPTQ is round to nearest', () => {
  const options: BlockwiseOptions = { bits: 4, block: 32, symmetric: false };
  const identity = new Float64Array(k * k);
  for (let j = 0; j < k; j++) identity[j * k + j] = 1;
  const weight = gaussian(k * n);
  const nearest = quantizeBlockwise(weight, k, n, options);
  const gptq = quantizeGptq(weight, k, n, identity, options);
  assert.deepEqual(gptq.codes, nearest.codes);
  assert.deepEqual(gptq.scales, nearest.scales);
});

test('two correlated inputs: the second takes over the share of the first one’s error', () => {
  const rho = 0.5;
  const options: BlockwiseOptions = { bits: 8, block: 2, symmetric: true };
  const hessian = Float64Array.of(1, rho, rho, 1);
  // A coarse grid for the first input only: step 1 with 0.3 left over, which moves 0.15 onto the second.
  const weight = Float32Array.of(1.3, 0.2);
  const grid = () => ({ scale: 1, zeroPoint: 128 });
  const { codes } = quantizeGptq(weight, 2, 1, hessian, options, grid);
  assert.deepEqual([...codes], [129, 128]);
  const moved = quantizeGptq(Float32Array.of(1.3, 0.36), 2, 1, hessian, options, grid);
  // 0.36 + 0.15 rounds up where 0.36 alone would not.
  assert.deepEqual([...moved.codes], [129, 129]);
});

for (const [rho, from, to] of [
  [0, 0.93, 1.03],
  [0.5, 0.7, 0.79],
  [0.9, 0.18, 0.215],
] as const) {
  test(`output error against nearest at correlation ${rho}`, (t) => {
    const hessian = correlatedInputs(rho, 4096);
    const weight = gaussian(k * n);
    for (const bits of [3, 4] as const) {
      const options: BlockwiseOptions = { bits, block: k, symmetric: false };
      const nearest = dequantizeBlockwise(quantizeBlockwise(weight, k, n, options));
      const gptq = dequantizeBlockwise(quantizeGptq(weight, k, n, hessian, options));
      const ratio = outputError(weight, gptq, hessian) / outputError(weight, nearest, hessian);
      t.diagnostic(`${bits} bits: ${ratio.toFixed(3)}`);
      assert.ok(ratio > from && ratio < to, `${bits} bits: ${ratio}`);
    }
  });
}

test('an input that is always zero gets weight zero', () => {
  const hessian = Float64Array.of(0, 0, 0, 1);
  const { codes } = quantizeGptq(Float32Array.of(5, 1), 2, 1, hessian, {
    bits: 4,
    block: 2,
    symmetric: true,
  });
  assert.equal(codes[0], 8);
});
