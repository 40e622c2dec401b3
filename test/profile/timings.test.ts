import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutedNode } from '../../src/profile/executed';
import { attribute, executedTimes, traceCost } from '../../src/profile/timings';
import type { TracedNode } from '../../src/profile/trace';
import type { Structure } from '../../src/structure/structure';

const run = (times: Record<string, number | readonly [number, number]>) =>
  new Map(
    Object.entries(times).map(([name, time]): [string, TracedNode] => {
      const [ms, calls] = typeof time === 'number' ? [time, 1] : time;
      return [name, { op: 'X', ms, calls }];
    }),
  );

/** Executed nodes a1, a2 … stand for source node `a…` of layer `A`, and so on. */
const executed = ['a1', 'a2', 'b1', 'lost'].map((name) => ({
  name,
  sources: name === 'lost' ? [] : [{ id: name }],
})) as unknown as ExecutedNode[];
const structure = {
  layerOf: new Map([
    ['a1', { id: 'A' }],
    ['a2', { id: 'A' }],
    ['b1', { id: 'B' }],
  ]),
} as unknown as Structure;

test('a layer is the median of its sums, not the sum of medians', () => {
  const runs = [run({ a1: 1, a2: 9 }), run({ a1: 5, a2: 5 }), run({ a1: 9, a2: 1 })];
  const { layers, nodes, togetherMs } = attribute(runs, executed, structure, 0);
  assert.deepEqual(layers.get('A'), { timeMs: 10, p10: 10, p90: 10 });
  assert.deepEqual([nodes.get('a1'), nodes.get('a2')], [5, 5]);
  assert.equal(togetherMs, 10);
});

test('disturbances that hit now one layer and now another show in what they take together', () => {
  const runs = [run({ a1: 101, b1: 1 }), run({ a1: 1, b1: 101 }), run({ a1: 1, b1: 1 })];
  const { layers, togetherMs } = attribute(runs, executed, structure, 0);
  const sum = [...layers.values()].reduce((total, { timeMs }) => total + timeMs, 0);
  assert.deepEqual([sum, togetherMs], [2, 102]);
});

test('what belongs to nobody is left out, a node that did not run counts as zero', () => {
  const runs = [run({ b1: 4, lost: 100, stranger: 7 }), run({ lost: 100 }), run({ lost: 100 })];
  const { layers, nodes } = attribute(runs, executed, structure, 0);
  assert.equal(layers.get('B')!.timeMs, 0);
  assert.deepEqual([...layers.keys()], ['B']);
  assert.deepEqual([...nodes.keys()], ['b1']);
});

test('the cost of the trace is what makes the nodes add up to the run without it', () => {
  const runs = [run({ a1: 0.101, a2: 0.011, b1: [0.02, 10] })];
  // Twelve calls at 1 µs each.
  const cost = traceCost(runs, executed, structure, 0.12);
  assert.ok(Math.abs(cost - 0.001) < 1e-4, String(cost));
  const { layers } = attribute(runs, executed, structure, cost);
  assert.ok(Math.abs(layers.get('A')!.timeMs - 0.11) < 1e-4);
  assert.ok(Math.abs(layers.get('B')!.timeMs - 0.01) < 1e-4);
  assert.ok(Math.abs(executedTimes(runs, cost).get('a2')! - 0.01) < 1e-4);
});

test('a node that ran keeps a share of its time, whatever the trace cost', () => {
  const runs = [run({ a1: 1, a2: 0.002 })];
  const cost = traceCost(runs, executed, structure, 0.99);
  assert.ok(cost > 0.002 && cost < 0.02);
  const left = attribute(runs, executed, structure, cost).nodes.get('a2')!;
  assert.ok(Math.abs(left - 0.0002) < 1e-9, String(left));
});

test('nothing is taken off where the nodes stay below the whole, and never more than a trace can cost', () => {
  assert.equal(traceCost([run({ a1: 5 })], executed, structure, 6), 0);
  assert.equal(traceCost([run({ a1: 5 })], executed, structure, 1), 0.02);
});
