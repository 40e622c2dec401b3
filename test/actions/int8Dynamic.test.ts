import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { actionOf } from '../../src/actions/index';
import { applySteps } from '../../src/build/apply';
import { indexGraph } from '../../src/onnx/graph';
import type { Graph } from '../../src/onnx/model';
import type { Feeds } from '../../src/runtime/runner';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { unmasked } from '../support/calibration';
import { modelsFolder, withoutModels } from '../support/models';
import { olderModel } from '../support/olderModel';
import { quantized } from '../support/quantized';
import { trial } from '../support/trial';

const step = { action: 'int8Dynamic', targets: {} } as const;
const at = (name: string) => join(modelsFolder, name);

describe('int8 with dynamic scales', { skip: withoutModels }, () => {
  test('MiniLM takes a quarter of its bytes and stays nearer than any fast int8 file of others', async (t) => {
    const made = await trial(at('minilm-sst2/model.onnx'), [step]);
    t.after(() => made.remove());
    assert.ok(made.share <= 0.254, `${made.share}`);
    const { kl, accuracy } = await made.difference(at('minilm-sst2/dev.npz'));
    t.diagnostic(`${(100 * made.share).toFixed(2)} % of the file, KL ${kl!.mean.toExponential(2)}`);
    assert.ok(kl!.mean <= 3.3e-3, `KL ${kl!.mean}`);
    assert.ok(accuracy!.difference.mean + accuracy!.difference.halfWidth >= 0);
  });

  test('a graph of the new exporter is quantized as the old one’s is', async (t) => {
    const made = await trial(at('digits-vit/model-dynamo.onnx'), [step]);
    t.after(() => made.remove());
    assert.ok(made.applied.steps[0]!.layers.length >= 25);
    const { accuracy } = await made.difference(at('digits-vit/test.npz'));
    assert.ok(accuracy!.candidate >= accuracy!.reference - 0.005);
  });

  test('what is foretold is what the file loses', async (t) => {
    for (const model of ['minilm-sst2/model.onnx', 'lstm-sst2/model.onnx', 'tiny-lm/model.onnx']) {
      const made = await trial(at(model), [step]);
      t.after(() => made.remove());
      const { layers } = made.source.structure;
      const action = actionOf('int8Dynamic');
      const saved = layers
        .filter((layer) => action.appliesTo(layer, {}).fits)
        .map((layer) => action.estimate(layer, {}))
        .reduce((sum, { before, after }) => sum + before - after, 0);
      const foretold = made.source.bytes - saved;
      assert.ok(Math.abs(foretold / made.bytes - 1) < 0.02, `${model}: ${foretold}, ${made.bytes}`);
    }
  });
});

describe('weights that several layers read', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(i * 1.7));
  const apply = async (parts: Partial<Graph>) => {
    const index = indexGraph(aModel(parts, { opsets: new Map([['', 17]]) }));
    return (await applySteps(index, [step])).index.model.graph;
  };

  test('two products of one weight share its codes', async () => {
    const made = await apply({
      inputs: [aValue('x', 'float32', [2, 16])],
      outputs: [aValue('y', 'float32', [2, 16])],
      initializers: [aTensor('w', 'float32', [16, 16], numbers(256))],
      nodes: [
        aNode('MatMul', ['x', 'w'], ['h'], {}, { name: 'a' }),
        aNode('MatMul', ['h', 'w'], ['y'], {}, { name: 'b' }),
      ],
    });
    assert.deepEqual(
      made.initializers.map(({ name }) => name),
      ['w_quantized', 'w_scale'],
    );
    assert.equal(made.nodes.filter(({ op }) => op === 'MatMulInteger').length, 2);
  });

  test('a head tied to the embedding, directly or through a Transpose, reads the table’s codes', async () => {
    const parts = {
      inputs: [aValue('ids', 'int64', [2, 3])],
      outputs: [aValue('y', 'float32', [2, 3, 40])],
      initializers: [aTensor('w', 'float32', [40, 16], numbers(640))],
      nodes: [
        aNode('Gather', ['w', 'ids'], ['h'], {}, { name: 'embed' }),
        aNode('Transpose', ['w'], ['wt'], { perm: { kind: 'ints', value: [1n, 0n] } }),
        aNode('MatMul', ['h', 'wt'], ['y'], {}, { name: 'head' }),
      ],
    };
    const made = await apply(parts);
    const codes = made.initializers.filter(({ dtype }) => dtype === 'int8');
    assert.deepEqual(
      codes.map(({ shape }) => shape),
      [[40, 16]],
    );
    assert.equal(made.nodes.filter(({ op }) => op === 'MatMulInteger').length, 1);
  });

  test('a weight that is an output of the model too stays one', async () => {
    const weight = aTensor('w', 'float32', [16, 16], numbers(256));
    const made = await apply({
      inputs: [aValue('x', 'float32', [2, 16])],
      outputs: [aValue('y', 'float32', [2, 16]), aValue('w', 'float32', [16, 16])],
      initializers: [weight],
      nodes: [aNode('MatMul', ['x', 'w'], ['y'], {}, { name: 'a' })],
    });
    assert.deepEqual(
      made.initializers.map(({ name }) => name),
      ['w', 'w_quantized', 'w_scale'],
    );
  });

  for (const [what, shape] of [
    ['an empty weight', [16, 0]],
    ['a single number', []],
  ] as const) {
    test(`${what} is left as it is`, async () => {
      const parts = {
        inputs: [aValue('x', 'float32', [2, 16])],
        outputs: [aValue('y', 'float32', [2, 0])],
        initializers: [aTensor('w', 'float32', shape, numbers(shape.length === 0 ? 1 : 0))],
        nodes: [aNode('MatMul', ['x', 'w'], ['y'], {}, { name: 'a' })],
      };
      assert.deepEqual((await apply(parts)).nodes, parts.nodes);
    });
  }
});

test('older nodes beside the products are written as the newer operator set has them', async () => {
  const model = olderModel();
  const x: Feeds = {
    x: {
      dtype: 'float32',
      shape: [3, 64],
      data: Float32Array.from({ length: 192 }, (_, i) => Math.cos(i)),
    },
  };
  const made = await quantized(model, [{ action: 'int8Dynamic', targets: {} }], [unmasked(x)]);
  assert.equal(made.index.model.opsets.get(''), 11);
  assert.ok(made.error > 0 && made.error < 1e-3, `${made.error}`);
});
