import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinSweeps } from '../../../src/report/sensitivity/join';
import { probeOf, rowOf, sweepOf } from '../../support/sweeps';

const int4 = probeOf('int4', 'bits', 4);
const int2 = probeOf('int2', 'bits', 2);
const order = ['a', 'b', 'c'];
const whole = sweepOf(
  [int4],
  [rowOf('a', 'int4', 0.1), rowOf('b', 'int4', 0.2), rowOf('c', 'int4', 0.3)],
);

test('the rows of a part take the place of older ones, and new ways join', () => {
  const part = sweepOf([int4, int2], [rowOf('b', 'int4', 0.9), rowOf('b', 'int2', 2)]);
  const joined = joinSweeps(whole, part, order);
  assert.deepEqual(
    joined.layers.map(({ id, probe, damage }) => [id, probe, damage]),
    [
      ['a', 'int4', 0.1],
      ['b', 'int4', 0.9],
      ['b', 'int2', 2],
      ['c', 'int4', 0.3],
    ],
  );
  assert.deepEqual(joined.probes, [int4, int2]);
  assert.deepEqual(joined.ranking, [
    { probe: 'int4', layers: ['b', 'c', 'a'] },
    { probe: 'int2', layers: ['b'] },
  ]);
  assert.equal(joined.complete, true);
  assert.equal(joinSweeps(whole, { ...part, complete: false }, order).complete, false);
});

test('what stands on something else is not mixed with it', () => {
  const part = sweepOf([int4], [rowOf('b', 'int4', 0.9)]);
  const others = [
    { ...part, model: { file: '/m.onnx', sha256: 'b' } },
    { ...part, metric: { name: 'nmse', title: 'NMSE', unit: 'share' } },
    { ...part, data: '/data/train.npz' },
    { ...part, samples: 8 },
  ];
  for (const other of others) assert.equal(joinSweeps(whole, other, order), other);
  assert.equal(joinSweeps(undefined, part, order), part);
});
