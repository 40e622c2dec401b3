import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import { halvesAgreement, spearman } from '../../src/base/ranks';

const near = (found: number, wanted: number) =>
  assert.ok(Math.abs(found - wanted) <= 1e-9, `${found}, not ${wanted}`);

test('the rank correlation, equal values in the middle of their ranks', () => {
  near(spearman([1, 2, 3, 4], [10, 20, 30, 4000]), 1);
  near(spearman([1, 2, 3], [3, 2, 1]), -1);
  near(spearman([1, 2, 2, 3], [1, 2, 3, 4]), 0.9486832980505138);
  near(spearman([1, 1, 1], [1, 2, 3]), 0);
  near(spearman([1, 1, 1], [2, 2, 2]), 1);
});

/** Ten things that differ by steps of `step`, seen through noise of 1. */
const noisy = (step: number, samples: number) => {
  const random = seededRandom(3);
  return Array.from({ length: 10 }, (_, row) =>
    Array.from({ length: samples }, () => step * row + normal(random)),
  );
};

test('halves agree where differences are larger than the noise, and more samples make them', () => {
  const [clear, few, many, none] = [
    halvesAgreement(noisy(100, 16)),
    halvesAgreement(noisy(0.3, 16)),
    halvesAgreement(noisy(0.3, 256)),
    halvesAgreement(noisy(0, 256)),
  ];
  assert.deepEqual(clear, { median: 1, low: 1, high: 1 });
  assert.ok(few!.median < many!.median && many!.median > 0.9, JSON.stringify([few, many]));
  assert.ok(few!.low < few!.median && few!.median < few!.high);
  assert.ok(Math.abs(none!.median) < 0.6 && none!.low < 0, JSON.stringify(none));
  assert.deepEqual(halvesAgreement(noisy(0.3, 16)), few);
});

test('an odd sample out is no trouble, too few rows or samples tell nothing', () => {
  assert.ok(halvesAgreement(noisy(100, 17)));
  assert.equal(halvesAgreement([]), undefined);
  assert.equal(halvesAgreement(noisy(1, 16).slice(0, 2)), undefined);
  assert.equal(halvesAgreement(noisy(1, 3)), undefined);
  assert.equal(halvesAgreement([...noisy(1, 16), [1, 2]]), undefined);
});
