import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random';
import { leastCost, leastDamage, type Option } from '../../src/build/plan/knapsack';

/** Every selection there is. */
function* all(items: readonly (readonly Option[])[]): Iterable<Option> {
  const [first, ...rest] = items;
  if (!first) {
    yield { cost: 0, damage: 0 };
    return;
  }
  for (const option of first) {
    for (const other of all(rest)) {
      yield { cost: option.cost + other.cost, damage: option.damage + other.damage };
    }
  }
}

const random = seededRandom(7);
const problems = Array.from({ length: 20 }, () =>
  Array.from({ length: 6 }, () =>
    Array.from({ length: 3 }, () => ({
      cost: Math.round(random() * 1000),
      damage: random(),
    })),
  ),
);

test('the least damage within a budget is that of trying everything', () => {
  for (const items of problems) {
    const every = [...all(items)];
    const costs = every.map(({ cost }) => cost).sort((a, b) => a - b);
    for (const share of [0, 0.1, 0.5, 1]) {
      const budget = costs[Math.floor(share * (costs.length - 1))]!;
      const best = Math.min(
        ...every.filter(({ cost }) => cost <= budget).map(({ damage }) => damage),
      );
      const found = leastDamage(items, budget)!;
      assert.ok(found.cost <= budget);
      assert.ok(Math.abs(found.damage - best) < 1e-9, `${found.damage}, not ${best}`);
    }
    assert.equal(leastDamage(items, costs[0]! - 1), undefined);
  }
});

test('the least cost within a damage is that of trying everything', () => {
  for (const items of problems) {
    const every = [...all(items)];
    const damages = every.map(({ damage }) => damage).sort((a, b) => a - b);
    const limit = damages[Math.floor(damages.length / 4)]!;
    const best = Math.min(...every.filter(({ damage }) => damage <= limit).map(({ cost }) => cost));
    const found = leastCost(items, limit)!;
    assert.ok(found.damage <= limit);
    assert.ok(found.cost <= best * 1.001 + 1, `${found.cost}, not ${best}`);
    assert.equal(leastCost(items, damages[0]! / 2), undefined);
  }
});

test('more budget never means more damage', () => {
  const [items] = problems;
  let last = Infinity;
  for (let budget = 500; budget < 6000; budget += 250) {
    const damage = leastDamage(items!, budget)?.damage ?? Infinity;
    assert.ok(damage <= last);
    last = damage;
  }
});
