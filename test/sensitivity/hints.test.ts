import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { spearman } from '../../src/base/ranks';
import { Models } from '../../src/engine/models';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { hintsOf, weightHint } from '../../src/sensitivity/hints';
import { modelsFolder, withoutModels } from '../support/models';
import { feedForwards, sizedModel } from '../support/residuals';

test('hints are what they are called', () => {
  // Ranges 2, 4 and 12; energy 1 + 1 + 4 + 4 + 36 + 36 = 82 of six.
  const values = Float32Array.of(1, -1, 2, -2, 6, -6, 0, 0);
  const hint = weightHint(values.subarray(0, 6), 2, ['removed', 'prune50', 'int8']);
  assert.equal(hint.outlierRatio, 6 / Math.sqrt(82 / 6));
  assert.equal(hint.channelSpread, 3);
  assert.equal(hint.zeros, 0);
  assert.equal(weightHint(values, 2, []).zeros, 0.25);
  const [removed, half, int8] = hint.weightSnrDb;
  // All of it is lost; then 1, 1 and the first 2 of it; then nothing, as each row has one magnitude.
  assert.deepEqual(removed, { probe: 'removed', db: 0 });
  assert.ok(Math.abs(half!.db! - 10 * Math.log10(82 / 6)) < 1e-12);
  assert.ok(int8!.db === null || int8!.db > 120);
});

test('a weight of zeros, and one that nothing changes, have no ratio', () => {
  const zeros = weightHint(new Float32Array(8), 4, ['int4']);
  assert.deepEqual(zeros, {
    ...{ outlierRatio: 0, channelSpread: 1, zeros: 1 },
    weightSnrDb: [{ probe: 'int4', db: null }],
  });
  // A median range of zero says nothing of the widest.
  assert.equal(weightHint(Float32Array.of(1, 1, 2, 2, 0, 9), 2, []).channelSpread, 1);
});

test('channels are the outputs, whichever way the file has them', (t) => {
  const sized = sizedModel(t, feedForwards('pre'));
  const { layers } = candidatesOf(sized.structure);
  const found = [...hintsOf(layers, ['int4'], { open: undefined })];
  assert.deepEqual(
    found.map(({ id }) => id),
    layers.map(({ layer }) => layer.id),
  );
  for (const { outlierRatio, channelSpread, weightSnrDb } of found) {
    assert.ok(outlierRatio > 2 && outlierRatio < 6);
    assert.ok(channelSpread > 1 && channelSpread < 3);
    // Four bits of normal numbers in blocks of 32: about 20 dB.
    assert.ok(weightSnrDb[0]!.db! > 17 && weightSnrDb[0]!.db! < 24);
  }
});

test('hints stop when they are cancelled', (t) => {
  const { layers } = candidatesOf(sizedModel(t, feedForwards('pre')).structure);
  const abort = new AbortController();
  const hints = hintsOf(layers, [], { open: undefined, signal: abort.signal });
  hints.next();
  abort.abort();
  assert.throws(() => hints.next(), { code: 'cancelled' });
});

interface Reference {
  readonly layers: readonly {
    readonly weight: string;
    readonly int4_block32: { readonly kl: number; readonly weight_rel_err: number };
  }[];
}

test(
  'on MiniLM the weights’ error is known, and hardly tells the damage',
  { skip: withoutModels },
  (t) => {
    const folder = join(modelsFolder, 'minilm-sst2');
    const sized = new Models().sized(join(folder, 'model.onnx'), {});
    const text = readFileSync(join(folder, 'sensitivity.json'), 'utf8');
    const { layers } = JSON.parse(text) as Reference;
    const all = candidatesOf(sized.structure).layers;
    const wanted = layers.map(({ weight }) => all.find((each) => each.weight.name === weight)!);
    const shares = [...hintsOf(wanted, ['int4'], { open: sized.external.open })].map(
      ({ weightSnrDb }) => 10 ** (-weightSnrDb[0]!.db! / 20),
    );
    layers.forEach(({ int4_block32: known }, at) => {
      assert.ok(Math.abs(shares[at]! / known.weight_rel_err - 1) < 1e-5);
    });
    const damage = layers.map(({ int4_block32 }) => int4_block32.kl);
    const rank = spearman(shares, damage);
    t.diagnostic(`rank correlation of the weights’ error with the measured KL: ${rank.toFixed(2)}`);
    assert.ok(rank > 0.1 && rank < 0.4);
  },
);
