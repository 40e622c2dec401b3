import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, type Measurements, nearlyWithin } from '../../../src/engine/plan/choice';
import { candidatesOf } from '../../../src/sensitivity/candidates';
import { planGroups } from '../../../src/build/plan/groups';
import { Models } from '../../../src/engine/models';

/** Layers that take a millisecond each of a run of `total`, and 0.4 in int8. */
function measurements(total: number): Measurements {
  const { structure } = new Models().sized('media/samples/digits-vit/model.onnx', {});
  const layers = planGroups(candidatesOf(structure))
    .slice(0, 5)
    .map((group) => ({
      ...{ ...group, before: 8 },
      options: [
        { choice: 'keep', bytes: 8, damage: 0, expected: 0 } as const,
        { choice: 'int8', bytes: 2, damage: 1e-3, expected: 1e-3 } as const,
      ],
    }));
  const of = (_: string, choice: string) => (choice === 'keep' ? 1 : 0.4);
  return { layers, bytes: 100, latencies: { original: 10, total, of } } as unknown as Measurements;
}

const choicesOf = (options: ReturnType<typeof choose>) => options?.map(({ choice }) => choice);

test('a limit of time takes as few layers as it needs', () => {
  const chosen = choicesOf(choose(measurements(10), { kind: 'latency', value: 8.9 }));
  assert.deepEqual(chosen?.filter((choice) => choice === 'int8').length, 2);
  assert.equal(nearlyWithin(measurements(10), { kind: 'size', value: 1 }), undefined);
});

test('the fastest sum is tried where it comes near to what is asked, as times of layers are not sure', () => {
  // All in int8 take 7 ms.
  for (const [value, isNear] of [
    [6.9, true],
    [6.2, true],
    [6, false],
  ] as const) {
    const limit = { kind: 'latency', value } as const;
    assert.equal(choose(measurements(10), limit), undefined);
    const tried = choicesOf(nearlyWithin(measurements(10), limit));
    assert.deepEqual(tried, isNear ? new Array<string>(5).fill('int8') : undefined);
  }
});
