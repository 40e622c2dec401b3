import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sensitivity, SensitivityRequest } from '../../../src/protocol/sensitivity';
import { mergeSensitivities } from '../../../src/report/sensitivity/merge';
import { asked, isWhole, keptLines, withEngine } from '../../support/sweeping';

/** Equal but for the last digits: rows that are measured with others are computed in other parts of the model. */
function assertAgreeing(found: Sensitivity, wanted: Sensitivity): void {
  const names = ({ layers }: Sensitivity) => layers.map(({ id, probe }) => `${id} ${probe}`);
  assert.deepEqual(names(found), names(wanted));
  for (const [at, { id, probe, damage }] of wanted.layers.entries()) {
    const own = found.layers[at]!.damage;
    const isNear = Math.abs(own - damage) <= 1e-5 * damage + 1e-9;
    assert.ok(isNear, `${id} ${probe}: ${own}, not ${damage}`);
  }
}

test('two sweeps at once on one cache agree and leave it whole', () =>
  withEngine(async (one) =>
    withEngine(async (other) => {
      const request = { ...one.request, layers: ['*.mlp.*'] };
      const rows = 8 * 2;
      const [a, b] = await Promise.all(
        [one, other].map(({ engine }) => engine.api.sensitivity(request)),
      );
      assertAgreeing(a!, b!);
      const lines = keptLines(request.cache!);
      assert.ok(lines.every(isWhole) && lines.length >= rows && lines.length <= 2 * rows);
      const third = await other.engine.api.sensitivity(request);
      assert.equal(third.reused, rows);
      assertAgreeing(third, a!);
    }),
  ));

test('the parts of a sweep are the whole, whatever is asked about', () =>
  withEngine(async ({ engine }) => {
    const questions: Partial<SensitivityRequest>[] = [
      {
        probes: ['int4', 'weightOnly:bits=2', 'removedHead', 'removedBlock'],
        layers: ['*.0*.output*', '*.0*.mlp*', 'blocks.0', 'head'],
      },
      { probes: ['int4', 'prune50'], tier: 'hints' },
    ];
    for (const more of questions) {
      const wanted = { ...asked, ...more };
      const whole = await engine.api.sensitivity(wanted);
      const parts = [];
      for (const index of [2, 0, 1]) {
        const shard = { index, of: 3 };
        const part = await engine.api.sensitivity({ ...wanted, shard });
        parts.push({ name: `${index}.json`, sensitivity: part });
      }
      const merged = mergeSensitivities(parts);
      const facts = ({ layers, hints }: Sensitivity) => ({
        hints,
        rows: layers.map(({ id, probe, bytes, samples }) => ({ id, probe, bytes, samples })),
      });
      assert.deepEqual(facts(merged), facts(whole));
      assertAgreeing(merged, whole);
      assert.deepEqual(merged.stability, whole.stability);
      assert.equal(whole.stability.length, more.tier === 'hints' ? 0 : 3);
      assert.ok(whole.layers.length + whole.hints.length > 8);
    }
  }));
