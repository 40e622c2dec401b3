import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  findingsOf,
  findingText,
  rankingProbe,
  tellingFinding,
  verdictOf,
} from '../../../src/report/sensitivity/verdict';
import { probeOf, rowOf, sweepOf } from '../../support/sweeps';

const probes = [
  probeOf('int8', 'bits', 8),
  probeOf('int4', 'bits', 4),
  probeOf('int2', 'bits', 2),
  probeOf('prune50', 'share', 0.5),
];
const sweep = sweepOf(probes, [
  rowOf('hard', 'int8', 1e-6),
  rowOf('hard', 'int4', 0.0003),
  rowOf('hard', 'int2', 0.4),
  rowOf('hard', 'prune50', 1e-5),
  rowOf('worst', 'int8', 0.02),
  rowOf('worst', 'int4', 0.3),
]);
const limits = { kl: 0.001 };
const telling = (layer: string, within: Readonly<Record<string, number>> = limits) =>
  tellingFinding(findingsOf(sweep, layer, within), rankingProbe(sweep));

test('what is safe lies within the limit with its whole interval', () => {
  assert.equal(verdictOf({ low: 0, high: 1e-3 }, 1e-3), 'safe');
  assert.equal(verdictOf({ low: 0.9e-3, high: 1.1e-3 }, 1e-3), 'open');
  assert.equal(verdictOf({ low: 1.1e-3, high: 1.2e-3 }, 1e-3), 'unsafe');
  assert.equal(verdictOf({ low: 0, high: 0 }, undefined), 'unknown');
});

test('a layer is told by the fewest bits that are safe', () => {
  const found = telling('hard')!;
  assert.equal(found.verdict, 'safe');
  assert.equal(findingText(found, sweep), '4-bit: KL 0.0003');
  const madeUp = { ...sweep, data: 'synthetic' };
  assert.equal(findingText(found, madeUp), '4-bit: KL 0.0003 on made-up inputs');
});

test('where nothing is safe the mildest is told', () => {
  assert.deepEqual([telling('worst')!.probe.name, telling('worst')!.verdict], ['int8', 'unsafe']);
});

test('without a limit it is what the model is ranked by', () => {
  const found = telling('hard', { nmse: 1 })!;
  assert.deepEqual([found.probe.name, found.verdict], ['int4', 'unknown']);
});

test('a layer that was not measured has no findings', () => {
  assert.deepEqual(findingsOf(sweep, 'other', limits), []);
  assert.equal(telling('other'), undefined);
});

test('layers are ranked by 4 bits, or by what there is of layers', () => {
  assert.equal(rankingProbe(sweep)?.name, 'int4');
  const heads = { ...probeOf('head', 'share', 0), unit: 'head' as const };
  const others = sweepOf([heads, probes[3]!], [rowOf('x', 'head', 1), rowOf('x', 'prune50', 1)]);
  assert.equal(rankingProbe(others)?.name, 'prune50');
  assert.equal(rankingProbe(sweepOf([heads], [rowOf('x', 'head', 1)])), undefined);
});
