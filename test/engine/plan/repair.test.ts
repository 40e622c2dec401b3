import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attempt, bestOf, corrected, keeps } from '../../../src/engine/plan/repair';
import type { PlanFigures, PlanLimit } from '../../../src/protocol/plan';

const figures = (speed: number): PlanFigures => ({ bytes: 1, damage: speed, latencyMs: 1, speed });
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
