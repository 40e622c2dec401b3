import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attempt, bestOf, corrected, keeps } from '../../../src/engine/plan/repair';
import type { MeasuredFigures, PlanLimit } from '../../../src/protocol/plan';

const figures = (speed: number, sure = 0): MeasuredFigures => ({
  ...{ bytes: 1, damage: speed, latencyMs: 1, speed },
  intervals: {
    damage: { low: speed, high: speed },
    latencyMs: null,
    speed: { low: speed - sure, high: speed + sure },
  },
});
const attempt = (promised: number, is: number): Attempt => ({
  ...{ steps: [], chosen: [], unseen: undefined },
  ...{ predicted: figures(promised), figures: figures(is) },
});
const limit: PlanLimit = { kind: 'speed', value: 2 };
const next = (...attempts: Attempt[]) => corrected(limit, limit, attempts)?.value;

test('a plan that just breaks its limit is followed by one that promises more', () => {
  const value = next(attempt(2, 1.999));
  assert.ok(value !== undefined && value > 2);
  // The next sum as such would promise less than the plan that has failed.
  const again = next(attempt(2.2, 1.95), attempt(1.9, 1.99));
  assert.ok(again !== undefined && again > 2.2, String(again));
});

test('what is tried next lies between what kept the limit and what broke it', () => {
  const value = next(attempt(2, 1.8), attempt(3, 2.8));
  assert.ok(value !== undefined && value > 2 && value < 3, String(value));
  const jumpy = next(attempt(2, 1.5), attempt(2.1, 2.6));
  assert.ok(jumpy !== undefined && jumpy > 2 && jumpy < 2.1, String(jumpy));
});

test('a plan near enough ends the search, and the least damage of those that keep the limit is taken', () => {
  assert.equal(next(attempt(2, 2.05)), undefined);
  const all = [attempt(3, 2.8), attempt(2.2, 2.1), attempt(2, 1.9)];
  const best = bestOf(all, limit);
  assert.ok(best && keeps(limit, best.figures));
  assert.equal(best.figures.speed, 2.1);
});

test('a limit is held with the worse end of the interval of what was measured', () => {
  assert.ok(keeps(limit, figures(2.1, 0.05)));
  assert.ok(!keeps(limit, figures(2.1, 0.2)));
  const damage: PlanLimit = { kind: 'damage', value: 0.01 };
  const of = (high: number): MeasuredFigures => ({
    ...figures(0.008),
    intervals: { damage: { low: 0.006, high }, latencyMs: null, speed: null },
  });
  assert.ok(keeps(damage, of(0.0099)));
  assert.ok(!keeps(damage, of(0.012)));
});
