import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import { rankFor, spectrumOf } from '../../src/kernels/lowRank';
import { decompose } from '../../src/kernels/svd';
import { transpose } from '../../src/tensor/linalg';

const random = (length: number, seed = 1): Float32Array => {
  const source = seededRandom(seed);
  return Float32Array.from({ length }, () => normal(source));
};

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
const energy = (values: ArrayLike<number>) => sum(Array.from(values, (value) => value * value));
const near = (found: number, wanted: number, share = 1e-6) =>
  assert.ok(
    Math.abs(found - wanted) <= share * Math.abs(wanted) + 1e-12,
    `${found}, not ${wanted}`,
  );

/** [rows, n] of known singular values: rotations of a diagonal by reflections, which keep them. */
function madeOf(singular: readonly number[], rows: number): Float32Array {
  const n = singular.length;
  const matrix = new Float64Array(rows * n);
  singular.forEach((value, i) => (matrix[i * n + i] = value));
  const [left, right] = [unit(rows, 2), unit(n, 3)];
  // (1 − 2·u·uᵀ)·A·(1 − 2·v·vᵀ)
  for (let j = 0; j < n; j++) {
    const along = sum(Array.from(left, (u, i) => u * matrix[i * n + j]!));
    for (let i = 0; i < rows; i++) matrix[i * n + j]! -= 2 * along * left[i]!;
  }
  for (let i = 0; i < rows; i++) {
    const along = sum(Array.from(right, (v, j) => v * matrix[i * n + j]!));
    for (let j = 0; j < n; j++) matrix[i * n + j]! -= 2 * along * right[j]!;
  }
  return Float32Array.from(matrix);
}

function unit(length: number, seed: number): number[] {
  const values = Array.from(random(length, seed));
  const size = Math.sqrt(energy(values));
  return values.map((value) => value / size);
}

test('singular values of a matrix of known ones are found', () => {
  const singular = [9, 5, 5, 3, 1, 0.5, 0];
  const found = spectrumOf(madeOf(singular, 12), singular.length).energies;
  // Values that are equal, and one that is zero, are the hard ones.
  singular.forEach((value, i) =>
    assert.ok(Math.abs(Math.sqrt(found[i]!) - value) < 2e-3 * value + 1e-3),
  );
  const wide = spectrumOf(transpose(madeOf(singular, 12), 12, 7), 12).energies;
  assert.deepEqual(
    Array.from(wide, (value) => value.toFixed(9)),
    Array.from(found, (value) => value.toFixed(9)),
  );
});

test('vectors are of length one, at right angles, and belong to their values', () => {
  const n = 40;
  const matrix = random(100 * n);
  const { energies, vectors } = decompose(matrix, n);
  const row = (i: number) => vectors.subarray(i * n, (i + 1) * n);
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    sum(Array.from(a, (value, i) => value * b[i]!));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      assert.ok(Math.abs(dot(row(i), row(j)) - Number(i === j)) < 1e-12);
    }
    const along = Array.from({ length: 100 }, (_, r) =>
      dot(row(i), matrix.subarray(r * n, (r + 1) * n)),
    );
    near(energy(along), energies[i]!, 1e-10);
    assert.ok(i === 0 || energies[i]! <= energies[i - 1]!);
  }
});

for (const [rows, width] of [
  [64, 24],
  [24, 64],
  [33, 33],
  [1, 7],
  [7, 1],
] as const) {
  test(`the error of cutting [${rows}, ${width}] is the energy left out`, () => {
    const matrix = random(rows * width, rows);
    const spectrum = spectrumOf(matrix, width);
    near(sum(spectrum.energies), energy(matrix));
    for (const share of [0.3, 0.8, 0.99, 1]) {
      const { rank, values } = spectrum.keeping(share);
      assert.equal(rank, rankFor(spectrum.energies, share));
      const left = sum(spectrum.energies.subarray(rank));
      assert.ok(left <= (1 - share) * energy(matrix) + 1e-9);
      const error = energy(values.map((value, i) => value - matrix[i]!));
      assert.ok(Math.abs(error - left) <= 1e-5 * energy(matrix), `${error}, not ${left}`);
      // What is left has the rank that it is said to have.
      const again = spectrumOf(values, width).energies;
      assert.ok(sum(again.subarray(rank)) <= 1e-9 * energy(matrix));
    }
  });
}

test('a matrix of zeros has no rank, and a rank keeps no more than asked', () => {
  const { rank, values } = spectrumOf(new Float32Array(12), 4).keeping(0.9);
  assert.equal(rank, 0);
  assert.ok(values.every((value) => value === 0));
  assert.equal(rankFor(Float64Array.of(4, 3, 2, 1), 0.7), 2);
  assert.equal(rankFor(Float64Array.of(4, 3, 2, 1), 0.71), 3);
  assert.equal(rankFor(Float64Array.of(4, 3, 2, 1), 0), 0);
});

test('384 × 1536 is cut in well under a second', (t) => {
  const matrix = random(384 * 1536);
  const started = process.cpuUsage();
  const { rank } = spectrumOf(matrix, 1536).keeping(0.9);
  const { user, system } = process.cpuUsage(started);
  t.diagnostic(`rank ${rank} in ${((user + system) / 1e3).toFixed()} ms of processor time`);
  assert.ok((user + system) / 1e6 < 2);
});
