import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf } from '../../src/ui/figures';
import { inspectionOf, layerOf, profileOf, weightOf } from '../report/fixture';

const layers = [
  layerOf({ name: 'a.up', block: 0, weights: [weightOf('up', [10, 40])], macs: 400 }),
  layerOf({ name: 'a.down', block: 0, weights: [weightOf('down', [40, 10])], macs: 400 }),
  layerOf({ name: 'a.scores', block: 0, macs: 200 }),
  layerOf({
    name: 'head',
    part: 'head',
    weights: [weightOf('up', [10, 40])],
    tiedTo: 'a.up',
    macs: 1000,
  }),
];
const inspection = inspectionOf(layers);
const times: Record<string, number> = { 'a.up': 2, 'a.down': 1, 'a.scores': 1, head: 4 };
const profile = profileOf(inspection, ({ id }) => times[id]);

const before = figuresOf({ inspection, profile: undefined })!;
const after = figuresOf({ inspection, profile })!;

test('before a profile shares are of the MACs, and time is not known', () => {
  const cost = before.costOf(['a.up', 'a.down']);
  assert.deepEqual(cost, {
    parameters: 800,
    weightBytes: 3200,
    macs: 800,
    timeMs: null,
    share: 800 / 2000,
  });
});

test('after a profile shares are of the time', () => {
  const cost = after.costOf(['a.up', 'a.down']);
  assert.equal(cost.timeMs, 3);
  assert.equal(cost.share, 3 / 8);
});

test('a weight that two layers share counts once', () => {
  assert.equal(before.costOf(['a.up', 'head']).parameters, 400);
});

test('a layer stands in its block and among its peers', () => {
  const layer = after.layer('a.down')!;
  assert.equal(layer.shareOfBlock, 1 / 4);
  assert.deepEqual(
    layer.peers.map(({ id }) => id),
    ['a.up', 'a.down', 'head'],
  );
  assert.equal(layer.macsPerSecond, 400_000);
  assert.equal(layer.bestMacsPerSecond, 400_000);
});

test('a layer outside blocks has no share of one', () => {
  assert.equal(after.layer('head')?.shareOfBlock, null);
});

test('layers that are not there cost nothing and say nothing', () => {
  assert.equal(after.layer('gone'), undefined);
  assert.equal(after.costOf(['gone']).parameters, 0);
});

test('the join is made once', () => {
  assert.equal(figuresOf({ inspection, profile }), after);
  assert.equal(figuresOf({ inspection: undefined, profile: undefined }), undefined);
});
