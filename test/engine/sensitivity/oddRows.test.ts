import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { noProgress } from '../../../src/base/progress';
import { Models, type SizedModel } from '../../../src/engine/models';
import { sensitivity } from '../../../src/engine/sensitivity/sensitivity';
import type { Tier } from '../../../src/protocol/sensitivity';
import { aModel, aNode, aTensor, aValue } from '../../support/build';
import { modelsFolder, withoutModels } from '../../support/models';
import { sizedModel } from '../../support/residuals';

const ask = (sized: SizedModel, probes: string[], tier: Tier = 'exact') =>
  sensitivity(
    sized,
    { file: sized.file, probes, tier, samples: 4, threads: 1, seed: 1 },
    { signal: new AbortController().signal, progress: noProgress, partial: () => {} },
  );

test('a row that is no finite number is left out with the reason', async (t) => {
  const weight = aTensor(
    'w',
    'float32',
    [16, 16],
    Float32Array.from({ length: 256 }, (_, i) => 1 + Math.sin(i)),
  );
  const sized = sizedModel(
    t,
    aModel({
      inputs: [aValue('x', 'float32', [2, 16])],
      outputs: [aValue('y', 'float32', [2, 16])],
      // Divided by what the layer makes: by zero where nothing is left of it.
      nodes: [aNode('MatMul', ['x', 'w'], ['h']), aNode('Div', ['x', 'h'], ['y'])],
      initializers: [weight],
    }),
  );
  const found = await ask(sized, ['int4', 'removed']);
  const [id] = found.layers.map((row) => row.id);
  assert.deepEqual(
    found.layers.map(({ probe }) => probe),
    ['int4'],
  );
  assert.ok(found.layers[0]!.damage > 0);
  assert.deepEqual(found.skipped, [
    {
      layer: id,
      why: 'removed: with it the model’s answers are no finite numbers.',
      brokenBy: 'removed',
    },
  ]);
});

test('a weight that is no number is skipped with the reason by probes, actions and hints', async (t) => {
  const matrix = (name: string, first: number) => {
    const values = Float32Array.from({ length: 4096 }, (_, i) => (i === 0 ? first : Math.sin(i)));
    return aTensor(name, 'float32', [64, 64], values);
  };
  const sized = sizedModel(
    t,
    aModel({
      inputs: [aValue('x', 'float32', [2, 64])],
      outputs: [aValue('y', 'float32', [2, 64]), aValue('z', 'float32', [2, 64])],
      nodes: [aNode('MatMul', ['x', 'v'], ['y']), aNode('MatMul', ['x', 'w'], ['z'])],
      initializers: [matrix('v', 1), matrix('w', NaN)],
    }),
  );
  const [good, bad] = sized.structure.layers.map(({ id }) => id);
  const why = "Its weight 'w' holds 1 value that is no number (NaN or infinite).";
  for (const tier of ['hints', 'adaptive', 'exact'] as const) {
    const found = await ask(sized, ['int4', 'weightOnly'], tier);
    assert.deepEqual(found.skipped, [{ layer: bad, why }], tier);
    const told = tier === 'hints' ? found.hints : found.layers;
    assert.deepEqual([...new Set(told.map(({ id }) => id))], [good], tier);
  }
});

test('a layer that leads to another output than is measured is left out with the reason', async (t) => {
  const matrix = (name: string) =>
    aTensor(
      name,
      'float32',
      [64, 64],
      Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i + name.length)),
    );
  const sized = sizedModel(
    t,
    aModel({
      inputs: [aValue('x', 'float32', [2, 64])],
      outputs: [aValue('y', 'float32', [2, 64]), aValue('z', 'float32', [2, 64])],
      nodes: [aNode('MatMul', ['x', 'states'], ['y']), aNode('MatMul', ['x', 'pooler'], ['z'])],
      initializers: [matrix('states'), matrix('pooler')],
    }),
  );
  const [states, pooler] = sized.structure.layers.map(({ id }) => id);
  for (const tier of ['adaptive', 'exact'] as const) {
    const { skipped, layers } = await ask(sized, ['int4', 'weightOnly', 'removed'], tier);
    const why = 'The output that is measured does not depend on this layer.';
    assert.deepEqual(skipped, [{ layer: pooler, why }], tier);
    assert.deepEqual([...new Set(layers.map(({ id }) => id))], [states], tier);
    assert.ok(layers.every(({ damage }) => damage > 0));
  }
});

const structures = join(modelsFolder, 'structures');

test(
  'zeros of a branch that the inputs do not take are told as such',
  { skip: withoutModels },
  async () => {
    const file = join(structures, 'loop_if_helper_op16.onnx');
    const { notes, layers, skipped } = await ask(new Models().sized(file, {}), ['int4', 'removed']);
    assert.ok(layers.every(({ id, damage }) => id !== 'b.w' && damage > 0));
    assert.deepEqual(skipped, [
      {
        layer: 'b.w',
        why: 'No sample of the data runs this layer: it is in a branch that is not taken.',
      },
    ]);
    assert.deepEqual(notes, []);
  },
);

test(
  'heads of quantized layers are left out with the reason',
  { skip: withoutModels },
  async () => {
    const file = join(structures, 'bert_ts_dynint8.onnx');
    const { skipped, layers } = await ask(new Models().sized(file, {}), ['removedHead']);
    assert.deepEqual(layers, []);
    assert.equal(skipped.length, 2);
    assert.ok(skipped.every(({ why }) => /^Its weight is int8/.test(why)));
  },
);
