import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Alike, scalesOf } from '../../../src/engine/plan/latency';

const alikes: readonly Alike[] = [
  { choice: 'int8', now: 25, then: 4, saved: 34 },
  { choice: 'bits4', now: 25, then: 15, saved: 10 },
];

test('what layers are said to take adds up to what the whole model saves', () => {
  const scales = scalesOf(alikes, 57 / 25);
  for (const { choice, now, then, saved } of alikes) {
    const told = now * (scales.get('keep') ?? 0) - then * (scales.get(choice) ?? 0);
    assert.ok(Math.abs(told - saved) < 1e-9, `${choice}: ${told}`);
  }
});

test('a machine that became four times as slow in between changes all scales alike', () => {
  const [quiet, loaded] = [1, 4].map((times) =>
    scalesOf(
      alikes.map((each) => ({ ...each, saved: times * each.saved })),
      (times * 57) / 25,
    ),
  );
  for (const [choice, scale] of quiet ?? [])
    assert.ok(Math.abs((loaded?.get(choice) ?? 0) / scale - 4) < 1e-9, choice);
});

test('layers take no more than the run', () => {
  assert.equal(scalesOf(alikes, 1.2).get('keep'), 1.2);
});
