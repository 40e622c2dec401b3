import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planParts } from '../../../src/engine/plan/parts';

test('no sample serves two purposes, and all are used', () => {
  for (const total of [12, 13, 64, 500, 768, 5000]) {
    const { calibrating, choosing, holding, heldOut } = planParts(total);
    assert.ok(heldOut);
    assert.equal(calibrating.skip, 0);
    assert.equal(choosing.skip, calibrating.count);
    assert.equal(holding.skip, choosing.skip + choosing.count);
    assert.equal(holding.skip + holding.count, total);
    assert.ok(holding.count >= choosing.count && choosing.count >= 3);
  }
});

test('few samples serve every purpose, and it is said', () => {
  const { calibrating, holding, heldOut } = planParts(4);
  assert.deepEqual([calibrating, holding, heldOut], [{ skip: 0, count: 4 }, calibrating, false]);
});
