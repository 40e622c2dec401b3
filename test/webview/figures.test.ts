import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardState } from '../../src/protocol/viewApi';
import { dashboardFigures } from '../../src/report/dashboard';
import { barsOf, presentParts, standardBlockMetric } from '../../webview/figures';
import { encoder, layerOf, inspectionOf, profileOf } from '../report/fixture';

const base: DashboardState = {
  file: 'model.onnx',
  settings: { threads: 0, providers: ['cpu'], provider: 'cpu', data: null, runs: 30 },
  trusted: true,
};
const model = encoder(2);
const profile = profileOf(model, (layer) => (layer.macs ?? 0) / 1e8);
const counted = { ...base, ...dashboardFigures(model, undefined) };
const measured = { ...base, ...dashboardFigures(model, profile) };
const bar = (dashboard: DashboardState, metric: string) =>
  barsOf(dashboard).find((one) => one.metric === metric)!;

test('the five bars are always there, in the same order, whatever is known', () => {
  const order = ['parameters', 'weightBytes', 'macs', 'timeMs', 'peakActivationBytes'];
  for (const dashboard of [base, counted, measured]) {
    assert.deepEqual(
      barsOf(dashboard).map((one) => one.metric),
      order,
    );
  }
  assert.equal(bar(counted, 'timeMs').empty, true);
  assert.equal(bar(counted, 'macs').empty, false);
});

test('shares of a bar add up to one, and time in no node stands beside it', () => {
  for (const one of barsOf(measured).filter(({ empty }) => !empty)) {
    const sum = one.slices.reduce((all, { share }) => all + (share ?? 0), 0);
    assert.ok(Math.abs(sum - 1) < 1e-9, one.metric);
  }
  const time = bar(measured, 'timeMs');
  assert.equal(
    time.beside,
    1,
    'a share of time is one of the layers’ time: the rest stands beside',
  );
  assert.equal(
    time.slices.some(({ part }) => part === 'outside'),
    false,
  );
});

test('the parts stand in the same order in every bar, and parts without anything are left out', () => {
  const order = presentParts(barsOf(measured));
  assert.deepEqual(order, ['embedding', 'attention', 'feedForward', 'norm', 'head']);
  for (const { slices } of barsOf(measured)) {
    const places = slices.map(({ part }): number => order.findIndex((name) => name === part));
    const known = places.filter((place) => place >= 0);
    assert.deepEqual(
      known,
      [...known].sort((a, b) => a - b),
    );
  }
});

test('what cannot be counted keeps a place of its own and makes the total a lower bound', () => {
  const odd = inspectionOf([
    layerOf({ name: 'a', part: 'attention', macs: 100 }),
    layerOf({ name: 'b', part: 'other', op: 'Strange', macs: null }),
  ]);
  odd.parts.other.macs = null;
  const macs = bar({ ...base, ...dashboardFigures(odd, undefined) }, 'macs');
  assert.equal(macs.partial, true);
  assert.equal(macs.total, 100);
  assert.deepEqual(
    macs.slices.map(({ part, share }) => [part, share]),
    [
      ['attention', 1],
      ['other', null],
    ],
  );
});

test('blocks are coloured by time once it is measured, and by MACs until then', () => {
  assert.equal(standardBlockMetric(counted), 'macs');
  assert.equal(standardBlockMetric(measured), 'timeMs');
});

test('inputs of the model alive at the peak are part of its memory', () => {
  const { parts } = model;
  const inLayers = Object.values(parts).reduce(
    (sum, part) => sum + (part.peakActivationBytes ?? 0),
    0,
  );
  const with_ = (peakActivationBytes: number | null) => {
    const totals = { ...model.totals, peakActivationBytes };
    return bar({ ...counted, totals }, 'peakActivationBytes').slices.at(-1);
  };
  assert.equal(with_(inLayers + 600)?.value, 600);
  assert.equal(with_(inLayers + 600)?.part, 'outside');
  assert.notEqual(with_(inLayers)?.part, 'outside');
  assert.notEqual(with_(null)?.part, 'outside');
});
