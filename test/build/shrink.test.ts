import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import { shrunk } from '../../src/build/plan/shrink';

test('figures that follow two factors are left as they are', () => {
  const table = [1, 5, 0.2].map((layer) => [3, 1, 0.01].map((choice) => layer * choice));
  for (const [of, row] of shrunk(table).entries()) {
    for (const [at, value] of row.entries()) {
      assert.ok(Math.abs((value ?? 0) / table[of]![at]! - 1) < 1e-6);
    }
  }
});

test('a lucky figure is drawn towards its row and column; what is missing or none stays so', () => {
  const table = [
    [10, 1, undefined],
    [20, 2, 0],
    [40, 0.001, 0.4],
  ];
  const found = shrunk(table);
  assert.ok(found[2]![1]! > 0.001 && found[2]![1]! < 4);
  assert.equal(found[0]![2], undefined);
  assert.equal(found[1]![2], 0);
});

test('the least of many noisy figures promises what it does, or nearly', () => {
  const random = seededRandom(11);
  let [promised, drawn, truth] = [0, 0, 0];
  for (let round = 0; round < 40; round++) {
    // What is true differs from the two factors by as much as what is measured differs from what is true.
    const real = Array.from({ length: 40 }, () =>
      Array.from({ length: 6 }, (_, choice) => Math.exp(0.4 * normal(random) + choice)),
    );
    const seen = real.map((row) => row.map((value) => value * Math.exp(0.4 * normal(random))));
    const better = shrunk(seen);
    for (const [of, row] of seen.entries()) {
      const scaled = row.map((value, choice) => value / Math.exp(choice));
      const best = scaled.indexOf(Math.min(...scaled));
      promised += scaled[best]!;
      drawn += better[of]![best]! / Math.exp(best);
      truth += real[of]![best]! / Math.exp(best);
    }
  }
  assert.ok(promised < 0.8 * truth, 'the figures themselves promise too much');
  assert.ok(Math.abs(drawn / truth - 1) < 0.1, `${drawn} for ${truth}`);
});
