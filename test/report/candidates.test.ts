import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidateViews } from '../../src/report/candidates';
import { comparisonOf } from './fixture';

const int8 = comparisonOf();
const int4 = comparisonOf({
  candidate: 'C:\\other\\model.int4.onnx',
  bytes: { reference: 92_000_000, candidate: 14_000_000 },
  kl: { mean: 0.02, low: 0.01, high: 0.03 },
});

test('the original stands first, without damage and as fast as itself', () => {
  const [original, ...others] = candidateViews([int8, int4]);
  assert.deepEqual(original, {
    ...{ name: 'model.onnx', file: '/models/model.onnx', isOriginal: true, bytes: 92_000_000 },
    ...{ damage: 0, interval: null, speed: 1, accuracy: 0.878 },
    ...{ metric: 'KL divergence', data: '/data/dev.npz', samples: 872 },
  });
  assert.deepEqual(
    others.map(({ name, bytes, damage, speed }) => [name, bytes, damage, speed]),
    [
      ['model.int8.onnx', 23_000_000, 0.0031, 2.49],
      ['model.int4.onnx', 14_000_000, 0.02, 2.49],
    ],
  );
  assert.deepEqual(others[0]?.interval, { low: 0.0024, high: 0.0042 });
});

test('of one file the last comparison counts, and none that is not finished', () => {
  const again = { ...int8, kl: { mean: 0.004, low: 0.003, high: 0.005 } };
  const views = candidateViews([int8, again, { ...int4, complete: false }]);
  assert.deepEqual(
    views.map(({ damage }) => damage),
    [0, 0.004],
  );
  assert.deepEqual(candidateViews([{ ...int4, complete: false }]), []);
  assert.deepEqual(candidateViews([]), []);
});

test('outputs that are no classes are measured by the energy of their error, and all alike', () => {
  const values = { ...int4, kl: null, sqnrDb: 20 };
  const views = candidateViews([int8, values]);
  assert.deepEqual(
    views.map(({ metric }) => metric),
    ['NMSE', 'NMSE', 'NMSE'],
  );
  assert.ok(Math.abs(views[2]!.damage! - 0.01) < 1e-12);
  const equal = candidateViews([{ ...values, sqnrDb: null, maxError: 0 }]);
  assert.equal(equal[1]?.damage, 0);
  const unknown = candidateViews([{ ...values, sqnrDb: null, maxError: 1 }]);
  assert.equal(unknown[1]?.damage, null);
});
