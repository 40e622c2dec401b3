import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import {
  type Blockwise,
  type BlockwiseOptions,
  chooseGrids,
  dequantizeChannels,
  type Grid,
  minMaxGrid,
  roundToGrids,
} from '../../src/kernels/blockwise';
import { inverseFactor, roundGptq } from '../../src/kernels/gptq';

const k = 128;
const n = 128;

function nearest(channels: Float32Array, options: BlockwiseOptions): Blockwise {
  return roundToGrids(channels, k, options, chooseGrids(channels, k, options, minMaxGrid(options)));
}

function gptq(
  channels: Float32Array,
  width: number,
  hessian: Float32Array,
  options: BlockwiseOptions,
  grid: Grid = minMaxGrid(options),
): Blockwise {
  const chosen = chooseGrids(channels, width, options, grid);
  return roundGptq(channels, width, [inverseFactor(hessian, width)!], options, chosen);
}

/** Inputs [samples, k] whose neighbours correlate by `rho`, and their Σ x·xᵀ. */
function correlatedInputs(rho: number, samples: number) {
  const random = seededRandom(7);
  const inputs = new Float64Array(samples * k);
  const hessian = new Float32Array(k * k);
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
function outputError(weight: Float32Array, rounded: Float32Array, hessian: Float32Array): number {
  let sum = 0;
  const d = new Float64Array(k);
  for (let out = 0; out < n; out++) {
    for (let j = 0; j < k; j++) d[j] = weight[out * k + j]! - rounded[out * k + j]!;
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) sum += d[i]! * hessian[i * k + j]! * d[j]!;
  }
  return sum;
}

test('with uncorrelated equal inputs GPTQ is round to nearest', () => {
  const options: BlockwiseOptions = { bits: 4, block: 32, symmetric: false };
  const identity = new Float32Array(k * k);
  for (let j = 0; j < k; j++) identity[j * k + j] = 1;
  const weight = gaussian(k * n);
  assert.deepEqual(gptq(weight, k, identity, options), nearest(weight, options));
});

test('two correlated inputs: the second takes over the share of the first one’s error', () => {
  const rho = 0.5;
  const options: BlockwiseOptions = { bits: 8, block: 2, symmetric: true };
  const hessian = Float32Array.of(1, rho, rho, 1);
  // A coarse grid: step 1, with 0.3 of the first input left over, which moves 0.15 onto the second.
  const grid = () => ({ scale: 1, zeroPoint: 128 });
  const codesOf = (...weights: number[]) => [
    ...gptq(Float32Array.from(weights), 2, hessian, options, grid).codes,
  ];
  assert.deepEqual(codesOf(1.3, 0.2), [129, 128]);
  // 0.36 + 0.15 rounds up where 0.36 alone would not.
  assert.deepEqual(codesOf(1.3, 0.36), [129, 129]);
});

test('inputs that matter more are rounded first, and leave their errors to the others', () => {
  const options: BlockwiseOptions = { bits: 8, block: 2, symmetric: true };
  const hessian = Float32Array.of(1, 1, 1, 4);
  const grid = () => ({ scale: 1, zeroPoint: 128 });
  const { codes } = gptq(Float32Array.of(0.1, 1.45), 2, hessian, options, grid);
  // 0.45 of the second are left over; four of the first make up for one of the second: 0.1 + 0.45 rounds up.
  assert.deepEqual([...codes], [129, 129]);
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
      const plain = dequantizeChannels(nearest(weight, options));
      const moved = dequantizeChannels(gptq(weight, k, hessian, options));
      const ratio = outputError(weight, moved, hessian) / outputError(weight, plain, hessian);
      t.diagnostic(`${bits} bits: ${ratio.toFixed(3)}`);
      assert.ok(ratio > from && ratio < to, `${bits} bits: ${ratio}`);
    }
  });
}

test('errors stay within their window of inputs', () => {
  const options: BlockwiseOptions = { bits: 4, block: 32, symmetric: false };
  const whole = correlatedInputs(0.9, 512);
  const weight = gaussian(k * n);
  const half = k / 2;
  const sums = (from: number) =>
    Float32Array.from(
      { length: half * half },
      (_, at) => whole[(from + Math.floor(at / half)) * k + from + (at % half)]!,
    );
  const factors = [inverseFactor(sums(0), half)!, inverseFactor(sums(half), half, half)!];
  const grids = chooseGrids(weight, k, options, minMaxGrid(options));
  const both = dequantizeChannels(roundGptq(weight, k, factors, options, grids));
  const plain = dequantizeChannels(nearest(weight, options));
  assert.ok(outputError(weight, both, whole) < 0.5 * outputError(weight, plain, whole));
});

test('an input that was always zero keeps its weight, rounded to the nearest', () => {
  const hessian = Float32Array.of(0, 0, 0, 1);
  const options: BlockwiseOptions = { bits: 4, block: 2, symmetric: true };
  const back = dequantizeChannels(gptq(Float32Array.of(5, 1), 2, hessian, options));
  assert.equal(back[0], 5);
});

test('a Hessian that is not a number is refused', () => {
  assert.equal(inverseFactor(Float32Array.of(1, NaN, NaN, 1), 2), undefined);
  assert.equal(inverseFactor(Float32Array.of(Infinity, 0, 0, 1), 2), undefined);
});
