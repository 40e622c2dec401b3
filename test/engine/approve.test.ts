import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { applySteps } from '../../src/build/apply';
import { isUserError } from '../../src/base/errors';
import { approve } from '../../src/engine/approve';
import { Models } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import { skeletonOf } from '../../src/engine/skeleton';
import type { Model } from '../../src/onnx/model';
import type { Step } from '../../src/protocol/recipe';
import { ortRunner } from '../../src/runtime/ort';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { inFolder } from '../support/folder';

const size = 128;
const waves = (name: string, shape: readonly number[]) =>
  aTensor(
    name,
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 12.9898)),
  );

/** A table and a product; `rows` other than its width make the product impossible. */
const net = (rows = size): Model =>
  aModel({
    inputs: [aValue('ids', 'int64', ['batch', 'sequence'])],
    outputs: [aValue('y', 'float32', ['batch', 'sequence', size])],
    initializers: [waves('words', [300, size]), waves('weight', [rows, size])],
    nodes: [aNode('Gather', ['words', 'ids'], ['e']), aNode('MatMul', ['e', 'weight'], ['y'])],
  });

const steps: readonly Step[] = [
  { action: 'int8Dynamic', targets: {} },
  { action: 'weightOnly', targets: {}, params: { bits: '4' } },
  { action: 'weightOnly', targets: {}, params: { bits: '8' } },
  { action: 'halfStorage', targets: {} },
  { action: 'halfCompute', targets: {} },
  { action: 'codebook', targets: {} },
];

const session = { threads: 1, provider: 'cpu', optimize: 'none' } as const;

for (const weights of ['keep', 'outside'] as const) {
  test(`what every scheme makes loads without its weights, which were ${weights === 'keep' ? 'inside' : 'outside'}`, () =>
    inFolder(async (folder) => {
      const file = join(folder, 'model.onnx');
      saveModel(net(), file, { weights });
      const { index, external } = new Models().sized(file, {});
      for (const step of steps) {
        const made = await applySteps(index, [step], { open: external.open });
        const light = join(folder, 'light.onnx');
        saveModel(made.index.model, light, { open: external.open, weights });
        const skeleton = skeletonOf(light);
        assert.ok(skeleton.length < 16_000, `${step.action}: ${skeleton.length} bytes`);
        const loaded = await ortRunner().load(skeleton, session);
        assert.ok(loaded.inputs.length > 1);
        await loaded.release();
      }
    }));
}

test('a model whose shapes do not fit is not approved, whole or without its weights', () =>
  inFolder(async (folder) => {
    const source = join(folder, 'model.onnx');
    const broken = join(folder, 'broken.onnx');
    saveModel(net(), source);
    saveModel(net(size + 1), broken);
    const sized = new Models().sized(source, {});
    await assert.rejects(ortRunner().load(skeletonOf(broken), session));
    for (const bytes of [1e5, 1e9]) {
      const work = approve(sized, { model: net(size + 1), file: broken, bytes });
      await assert.rejects(work, (error) => {
        assert.ok(isUserError(error));
        assert.match(error.message, /cannot be used, so it was not kept: .*[Dd]imension/);
        return true;
      });
    }
    const large = await approve(sized, { model: net(), file: source, bytes: 1e9 });
    assert.equal(large.tried, 'parsed');
    assert.match(large.notes.join(), /At 1\.00 GB .* without its weights/);
  }));

test('a model with a name that nothing makes is not approved', () =>
  inFolder(async (folder) => {
    const source = join(folder, 'model.onnx');
    saveModel(net(), source);
    const { graph } = net();
    const nodes = [graph.nodes[0]!, aNode('MatMul', ['e', 'nowhere'], ['y'])];
    const model = { ...net(), graph: { ...graph, nodes } };
    const work = approve(new Models().sized(source, {}), { model, file: source, bytes: 1e5 });
    await assert.rejects(work, /'nowhere', which nothing makes/);
  }));
