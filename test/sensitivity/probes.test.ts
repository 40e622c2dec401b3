import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import { roundHalfEven } from '../../src/kernels/affine';
import { spectrumOf } from '../../src/kernels/lowRank';
import { type WeightProbeName, weightProbes } from '../../src/sensitivity/probes';

const rows = 60;
const width = 72;

/** With outliers, equal magnitudes of both signs, and zeros. */
function someWeight(seed = 1): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: rows * width }, (_, i) => {
    if (i % 37 === 0) return 0;
    if (i % 11 === 0) return i % 2 ? 0.125 : -0.125;
    return normal(random) * (i % 101 === 0 ? 20 : 1);
  });
}

const changed = (name: WeightProbeName, values = someWeight()) =>
  weightProbes[name].change(values.slice(), width);

/** As `sensitivity.json` defines it: scale = absmax / (2^(bits−1) − 1) of a stretch, rint, clip. */
function byDefinition(values: Float32Array, stretch: number, bits: number): Float32Array {
  const largest = 2 ** (bits - 1) - 1;
  const result = values.slice();
  for (let row = 0; row < values.length; row += width) {
    for (let from = 0; from < width; from += stretch) {
      const part = result.subarray(row + from, row + Math.min(width, from + stretch));
      const scale = Math.fround(Math.max(...part.map(Math.abs)) / largest) || 1;
      part.forEach((value, i) => {
        const code = roundHalfEven(Math.fround(value / scale));
        part[i] = Math.max(-largest - 1, Math.min(largest, code)) * scale;
      });
    }
  }
  return result;
}

const same = (found: Float32Array, wanted: Float32Array) => {
  // −0 and 0 are one number.
  wanted.forEach((value, i) => assert.ok(found[i] === value, `${i}: ${found[i]}, not ${value}`));
};

for (const [name, stretch, bits] of [
  ['int8', width, 8],
  ['int4', 32, 4],
  ['int3', 32, 3],
  ['int2', 32, 2],
] as const) {
  test(`${name} is what its definition says, bit for bit`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      same(changed(name, someWeight(seed)), byDefinition(someWeight(seed), stretch, bits));
    }
    // Halfway between two codes the even one counts: 0.5, 1.5 and −2.5 of a scale of one.
    const halves = new Float32Array(width).fill(0);
    halves.set([2 ** (bits - 1) - 1, 0.5, 1.5, -0.5, -1.5]);
    same(weightProbes[name].change(halves.slice(), width), byDefinition(halves, stretch, bits));
  });
}

for (const [name, share] of [
  ['prune30', 0.3],
  ['prune50', 0.5],
  ['prune70', 0.7],
  ['prune90', 0.9],
] as const) {
  test(`${name} is what sorting all magnitudes gives, bit for bit`, () => {
    const values = someWeight(7);
    const order = Array.from(values.keys()).sort(
      (a, b) => Math.abs(values[a]!) - Math.abs(values[b]!) || a - b,
    );
    const wanted = values.slice();
    for (const at of order.slice(0, Math.floor(values.length * share))) wanted[at] = 0;
    same(changed(name, values), wanted);
  });
}

test('pruning takes the first of equal magnitudes, and of few elements none', () => {
  const half = weightProbes.prune50.change;
  assert.deepEqual([...half(Float32Array.of(1, -1, 1, -1), 4)], [0, 0, 1, -1]);
  assert.deepEqual([...half(Float32Array.of(5), 1)], [5]);
  assert.deepEqual([...half(Float32Array.of(Infinity, 1e-45, -3, 2), 4)], [Infinity, 0, -3, 0]);
});

test('low rank keeps the energy it is named after, in fewer and fewer ranks', () => {
  const values = someWeight();
  const energy = (of: Float32Array) => of.reduce((sum, value) => sum + value * value, 0);
  let last = Infinity;
  for (const [name, share] of [
    ['lowRank99', 0.99],
    ['lowRank95', 0.95],
    ['lowRank90', 0.9],
    ['lowRank80', 0.8],
  ] as const) {
    const found = changed(name, values);
    assert.ok(energy(found) >= share * energy(values) * (1 - 1e-6));
    const { rank } = spectrumOf(values, width).keeping(share);
    assert.ok(rank < last);
    last = rank;
    const left = spectrumOf(found, width).energies.subarray(rank);
    assert.ok(left.reduce((sum, each) => sum + each, 0) < 1e-9 * energy(values));
  }
  // Another weight of the same size is not taken for the one before.
  assert.notDeepEqual(changed('lowRank90', someWeight(2)), changed('lowRank90', someWeight(3)));
});

test('every probe leaves its weight’s size, and changes less the milder it is', () => {
  const values = someWeight();
  const error = (name: WeightProbeName) =>
    changed(name).reduce((sum, value, i) => sum + (value - values[i]!) ** 2, 0);
  for (const family of [
    ['int8', 'int4', 'int3', 'int2'],
    ['prune30', 'prune50', 'prune70', 'prune90', 'removed'],
    ['lowRank99', 'lowRank95', 'lowRank90', 'lowRank80', 'removed'],
  ] as const) {
    const errors = family.map(error);
    errors.forEach((each, i) => assert.ok(i === 0 || each > errors[i - 1]!, family.join()));
  }
});
