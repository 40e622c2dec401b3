import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Decisions, f1Difference, f1LossScores } from '../../src/tensor/f1';
import { meanWithInterval } from '../../src/tensor/measures';

/** A sample each. */
const decisions = (...rows: readonly (readonly [number, number, number])[]): Decisions[] =>
  rows.map(([label, reference, candidate]) => [{ label, reference, candidate }]);
const near = (found: number | undefined, wanted: number) =>
  assert.ok(Math.abs((found ?? NaN) - wanted) < 1e-12, `${found}, not ${wanted}`);

test('F1 of two classes is that of the second', () => {
  // Reference: 2 right, none missed, 1 too many: 4/5. Candidate: 1 right, 1 missed, none too many: 2/3.
  const found = f1Difference(decisions([1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 0, 0]), 2)!;
  assert.equal(found.average, 'binary');
  near(found.reference, 4 / 5);
  near(found.candidate, 2 / 3);
  near(found.difference.mean, 2 / 3 - 4 / 5);
});

test('F1 of more classes is their mean, and deciding nothing is a miss of one class alone', () => {
  // Reference right throughout; candidate: class 0 1, class 1 2/3 (one too many), class 2 0.
  const found = f1Difference(decisions([0, 0, 0], [1, 1, 1], [2, 2, 1]), 3)!;
  assert.equal(found.average, 'macro');
  near(found.reference, 1);
  near(found.candidate, (1 + 2 / 3 + 0) / 3);
  near(f1Difference(decisions([0, 0, 0], [2, 2, -1]), 3)?.candidate, 1 / 2);
  // A class that nobody has and nobody is taken for counts not.
  near(f1Difference(decisions([0, 0, 0], [2, 2, 2]), 1000)?.candidate, 1);
});

test('the interval is that of leaving each sample out', () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => [i % 3, i % 5 === 0 ? 0 : i % 3, i % 7 === 0 ? 1 : i % 3] as const,
  );
  const all = decisions(...rows);
  const differences = all.map((_, out) => {
    const left = f1Difference(
      all.filter((_, at) => at !== out),
      3,
    );
    return left!.difference.mean;
  });
  const mean = differences.reduce((sum, each) => sum + each, 0) / all.length;
  const squares = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  near(
    f1Difference(all, 3)?.difference.halfWidth,
    1.96 * Math.sqrt(((all.length - 1) / all.length) * squares),
  );
});

test('equal decisions differ by nothing, and no samples by nothing known', () => {
  assert.deepEqual(f1Difference(decisions([1, 1, 1], [0, 1, 1]), 2)?.difference, {
    ...{ mean: 0, halfWidth: 0 },
  });
  assert.equal(f1Difference([], 2), undefined);
  assert.equal(f1Difference(decisions([1, 1, 1]), 2)?.difference.halfWidth, Infinity);
});

test('scores of samples have the loss as their mean and its interval as theirs', () => {
  const rows = Array.from(
    { length: 30 },
    (_, i) => [i % 3, i % 5 === 0 ? 0 : i % 3, i % 4 === 0 ? 1 : i % 3] as const,
  );
  const single = decisions(...rows);
  // Ten samples of three decisions each count as ten.
  const several = Array.from({ length: 10 }, (_, i) => single.slice(3 * i, 3 * i + 3).flat());
  for (const samples of [single, several]) {
    const whole = f1Difference(samples, 3)!;
    const scores = f1LossScores(samples, 3);
    assert.equal(scores.length, samples.length);
    const { mean, halfWidth } = meanWithInterval(scores);
    near(mean, -whole.difference.mean);
    near(halfWidth, whole.difference.halfWidth);
  }
  near(f1Difference(several, 3)?.candidate, f1Difference(single, 3)!.candidate);
  assert.deepEqual(f1LossScores(decisions([1, 1, 1]), 2), [0]);
});
