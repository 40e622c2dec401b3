import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isUserError } from '../../../src/base/errors';
import { Models } from '../../../src/engine/models';
import { plan } from '../../../src/engine/plan/plan';
import type { PlanLimit } from '../../../src/protocol/plan';
import { modelsFolder, withoutModels } from '../../support/models';

const folder = join(modelsFolder, 'digits-vit');
const file = join(folder, 'model.onnx');

const planned = (limit: PlanLimit, kept: { readonly cache?: string } = {}) =>
  plan(
    new Models().sized(file, {}),
    { file, data: join(folder, 'train.npz'), samples: 48, limit, threads: 2, ...kept },
    { signal: new AbortController().signal, progress: () => {}, partial: () => {} },
  );

test(
  'a plan keeps its limit in the model that was made, not only in the sum',
  { skip: withoutModels },
  async (t) => {
    const limit = { kind: 'size', value: 200_000 } as const;
    const cache = mkdtempSync(join(tmpdir(), 'featherweight-plans-'));
    t.after(() => rmSync(cache, { recursive: true }));
    const made = await planned(limit, { cache });
    const { measured, predicted, attempts, steps, layers, kept, basis } = made;
    assert.ok(kept && measured.bytes <= limit.value);
    assert.ok(measured.bytes > 0.98 * limit.value, `${measured.bytes} bytes`);
    const own = attempts.filter(({ source }) => source === 'plan');
    assert.equal(own.length, 1, 'sizes are known before a plan is made');
    assert.deepEqual(basis, { calibrating: 16, choosing: 12, holding: 20, heldOut: true });
    const { low, high } = measured.intervals.damage;
    assert.ok(low < measured.damage && measured.damage < high);
    const good = attempts.filter((each) => each.measured.bytes <= limit.value);
    assert.equal(measured.damage, Math.min(...good.map((each) => each.measured.damage)));
    assert.ok(measured.damage > 0 && measured.damage < 0.01, `damage ${measured.damage}`);
    t.diagnostic(`${attempts.length} plans; predicted ${predicted?.damage}, is ${measured.damage}`);
    const treated = layers.filter(({ choice }) => choice !== 'keep').map(({ id }) => id);
    assert.deepEqual(steps.flatMap(({ targets }) => targets.layers ?? []).sort(), treated.sort());
    for (const { note } of steps)
      assert.match(note ?? '', /KL divergence of these \d+ by themselves|^Exact/);
    const smaller = await planned({ kind: 'size', value: 180_000 }, { cache });
    assert.ok(smaller.reused.of > 100);
    assert.equal(smaller.reused.layers, smaller.reused.of, 'nothing is measured again');
    assert.ok(smaller.kept && predicted);
    assert.ok((smaller.predicted?.damage ?? Infinity) > predicted.damage);
  },
);

test('a limit that nothing keeps is said to be so', { skip: withoutModels }, async () => {
  await assert.rejects(
    planned({ kind: 'size', value: 1000 }),
    (error) => isUserError(error) && /No choice of actions keeps 1,000 bytes/.test(error.message),
  );
});
