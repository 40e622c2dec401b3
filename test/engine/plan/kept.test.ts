import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openKept } from '../../../src/engine/plan/kept';
import type { Tried } from '../../../src/engine/plan/trial';

test('what was measured of a whole model comes back as it was', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-kept-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const model = join(folder, 'model.onnx');
  const weights = join(folder, 'weights.bin');
  writeFileSync(model, 'model');
  writeFileSync(weights, 'weights');
  const open = (metric = 'kl') =>
    openKept(join(folder, 'kept'), {
      ...{
        files: [model, weights],
        data: 'abc',
        preparations: [],
        metric,
        layerMetric: 'kl',
        output: 'y',
      },
      ...{ samples: 2, parts: '{}', timing: '' },
    });
  const steps = (bits: string) => [
    { action: 'weightOnly', targets: {}, params: { bits }, note: bits },
  ];
  const damage = { low: -0.1, high: 0.3 };
  const plain: Tried = {
    figures: {
      ...{ bytes: 10, damage: 0.1, latencyMs: null, speed: null },
      intervals: { damage, latencyMs: null, speed: null },
    },
    unseen: undefined,
  };
  const timed: Tried = {
    figures: {
      ...{ bytes: 10, damage: 0.1, latencyMs: 4, speed: 2 },
      intervals: { damage, latencyMs: { low: 3, high: 5 }, speed: { low: 1.9, high: 2.1 } },
    },
    unseen: { damage: 0.2, low: 0.15, high: 0.4 },
  };
  const first = open();
  first.tried.add(steps('4'), plain);
  first.tried.add(steps('8'), timed);
  const again = open();
  assert.deepEqual(again.tried.get(steps('4')), plain);
  assert.deepEqual(again.tried.get(steps('8').map((each) => ({ ...each, note: 'other' }))), timed);
  assert.equal(
    open('perplexity').tried.get(steps('4')),
    undefined,
    'another metric, other figures',
  );
  writeFileSync(weights, 'other weights');
  assert.equal(open().tried.get(steps('4')), undefined, 'other weights, other figures');
});
