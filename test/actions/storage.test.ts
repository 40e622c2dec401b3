import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ActionName, actionOf } from '../../src/actions/index';
import { applySteps } from '../../src/build/apply';
import { memorySource } from '../../src/base/bytes';
import { saveModel } from '../../src/engine/saveModel';
import { readParams } from '../../src/protocol/params';
import { indexGraph } from '../../src/onnx/graph';
import type { Graph, Tensor } from '../../src/onnx/model';
import { encodeElements } from '../../src/tensor/decode';
import type { Feeds } from '../../src/runtime/runner';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';
import { unmasked } from '../support/calibration';
import { step } from '../support/equal';
import { inFolder } from '../support/folder';
import { modelsFolder, withoutModels } from '../support/models';
import { olderModel } from '../support/olderModel';
import { quantized } from '../support/quantized';
import { trial } from '../support/trial';

interface Scheme {
  readonly action: ActionName;
  readonly params: Readonly<Record<string, unknown>>;
  /** Decibels of signal to noise that a real classifier keeps at least. */
  readonly keeps: number;
}

const schemes: readonly Scheme[] = [
  { action: 'halfStorage', params: {}, keeps: 70 },
  { action: 'halfStorage', params: { type: 'bfloat16' }, keeps: 50 },
  { action: 'codebook', params: {}, keeps: 25 },
  { action: 'codebook', params: { codes: 'fp4', doubleQuantization: false }, keeps: 20 },
  { action: 'codebook', params: { inMemory: '4bit' }, keeps: 25 },
  { action: 'fixedPoint', params: { bits: 16 }, keeps: 85 },
  { action: 'fixedPoint', params: { bits: 12, scale: 'powerOfTwo' }, keeps: 60 },
  { action: 'fixedPoint', params: { bits: 8 }, keeps: 40 },
  { action: 'fixedPoint', params: { bits: 3 }, keeps: 12 },
  { action: 'fixedPoint', params: { bits: 2 }, keeps: 0 },
  { action: 'binary', params: {}, keeps: 3 },
];

describe('weights stored small and expanded at load', { skip: withoutModels }, () => {
  for (const { action: name, params: given, keeps } of schemes) {
    test(`${name} ${Object.values(given).join(' ')}: real size is what was foretold, answers stay near`, async (t) => {
      const model = name === 'codebook' && given['inMemory'] ? 'tiny-lm' : 'lstm-sst2';
      const file = join(modelsFolder, model, 'model.onnx');
      const made = await trial(file, [{ action: name, targets: {}, params: given }]);
      t.after(() => made.remove());
      const action = actionOf(name);
      const { params } = readParams(action.params, given);
      const saved = made.source.structure.layers
        .filter((layer) => action.appliesTo(layer, params).fits)
        .map((layer) => action.estimate(layer, params))
        .reduce((sum, { before, after }) => sum + before - after, 0);
      const real = made.source.bytes - made.bytes;
      assert.ok(Math.abs(saved / real - 1) < 0.02, `${saved} foretold, ${real} saved`);
      const data = model === 'tiny-lm' ? 'valid.npz' : 'dev.npz';
      const { sqnrDb } = await made.difference(join(modelsFolder, model, data));
      t.diagnostic(`${(100 * made.share).toFixed(1)} % of the file, ${sqnrDb.toFixed(1)} dB`);
      assert.ok(sqnrDb > keeps, `${sqnrDb} dB`);
    });
  }
});

/** A weight of 8 MB, and how many of its bytes were read. */
function countedWeight(): { readonly tensor: Tensor; readonly read: () => number } {
  const values = Float32Array.from({ length: 1024 * 2048 }, (_, i) => Math.sin(i * 1.7));
  const source = memorySource('weights', encodeElements('float32', values));
  let count = 0;
  const counting = {
    ...source,
    read(offset: number, size: number) {
      count += size;
      return source.read(offset, size);
    },
  };
  const range = { source: counting, offset: 0, length: source.size };
  const tensor = { ...aTensor('w', 'float32', [0], []), shape: [1024, 2048] };
  return { tensor: { ...tensor, data: { kind: 'raw', range } }, read: () => count / source.size };
}

for (const action of ['halfStorage', 'int8Dynamic'] as const) {
  test(`${action} looks through a weight and then reads it once, in however many pieces it is written`, () =>
    inFolder(async (folder) => {
      const { tensor, read } = countedWeight();
      const index = indexGraph(
        aModel({
          inputs: [aValue('x', 'float32', [2, 1024])],
          outputs: [aValue('y', 'float32', [2, 2048])],
          initializers: [tensor],
          nodes: [aNode('MatMul', ['x', 'w'], ['y'])],
        }),
      );
      const made = await applySteps(index, [{ action, targets: {} }]);
      const looked = read();
      assert.ok(looked <= 1.01, `looked through ${looked} times`);
      saveModel(made.index.model, join(folder, 'model.onnx'));
      assert.ok(read() - looked <= 1.01, `read ${read() - looked} times`);
      await applySteps(index, [{ action, targets: {} }]);
      assert.ok(read() <= 2.01, 'no second look');
    }));
}

describe('stored weights in odd places', () => {
  const numbers = Array.from({ length: 64 * 32 }, (_, i) => Math.sin(i * 1.7));
  const weight = aTensor('w', 'float32', [64, 32], numbers);
  const half = async (parts: Partial<Graph>) => {
    const index = indexGraph(aModel(parts, { opsets: new Map([['', 17]]) }));
    const { index: made } = await applySteps(index, [{ action: 'halfStorage', targets: {} }]);
    return made.model.graph;
  };
  const product = aNode('MatMul', ['x', 'w'], ['y'], {}, { name: 'a' });
  const ends = {
    inputs: [aValue('x', 'float32', [2, 64])],
    outputs: [aValue('y', 'float32', [2, 32])],
  };

  test('a weight two layers read is stored once, and both read it', async () => {
    const made = await half({
      ...ends,
      outputs: [...ends.outputs, aValue('z', 'float32', [2, 32])],
      initializers: [weight],
      nodes: [product, aNode('MatMul', ['x', 'w'], ['z'], {}, { name: 'b' })],
    });
    assert.deepEqual(
      made.initializers.map(({ dtype }) => dtype),
      ['float16'],
    );
    const [cast, ...products] = made.nodes;
    assert.equal(cast?.op, 'Cast');
    assert.deepEqual(
      products.map(({ inputs }) => inputs[1]),
      [cast!.outputs[0], cast!.outputs[0]],
    );
  });

  test('a weight that is an output of the model too stays one', async () => {
    const made = await half({
      ...ends,
      outputs: [...ends.outputs, aValue('w', 'float32', [64, 32])],
      initializers: [weight],
      nodes: [product],
    });
    assert.ok(made.initializers.some(({ name }) => name === 'w'));
  });

  test('a weight that old files list as an input is no input any more', async () => {
    const made = await half({
      ...ends,
      inputs: [...ends.inputs, aValue('w', 'float32', [64, 32])],
      initializers: [weight],
      nodes: [product],
    });
    assert.deepEqual(
      made.inputs.map(({ name }) => name),
      ['x'],
    );
  });

  test('a Constant node keeps its output’s name', async () => {
    const constant = aNode('Constant', [], ['w'], { value: { kind: 'tensor', value: weight } });
    const made = await half({ ...ends, initializers: [], nodes: [constant, product] });
    assert.deepEqual(
      made.nodes.map(({ op, outputs }) => `${op} ${outputs[0]}`),
      ['Cast w', 'MatMul y'],
    );
  });

  test('a weight read inside a body of If is made outside, before it', async () => {
    const inside = aGraph({
      nodes: [aNode('MatMul', ['x', 'w'], ['inner'], {}, { name: 'a' })],
      outputs: [aValue('inner', 'float32', [2, 32])],
    });
    const branch = { kind: 'graph', value: inside } as const;
    const made = await half({
      inputs: [...ends.inputs, aValue('c', 'bool', [])],
      outputs: ends.outputs,
      initializers: [weight],
      nodes: [aNode('If', ['c'], ['y'], { then_branch: branch, else_branch: branch })],
    });
    assert.deepEqual(
      made.nodes.map(({ op }) => op),
      ['Cast', 'If'],
    );
    assert.equal(made.initializers.length, 1);
  });
});

describe('bfloat16 in a model of an older operator set', () => {
  const older = (reader: 'MatMul' | 'Softmax') =>
    olderModel(reader === 'Softmax' ? [aNode('Softmax', ['w'], ['unread'])] : []);
  const steps = [{ ...step('halfStorage'), params: { type: 'bfloat16' } }];

  test('raises it with all that stands beside', async () => {
    const x: Feeds = {
      x: {
        dtype: 'float32',
        shape: [3, 64],
        data: Float32Array.from({ length: 192 }, (_, i) => Math.cos(i)),
      },
    };
    const made = await quantized(older('MatMul'), steps, [unmasked(x)]);
    assert.equal(made.index.model.opsets.get(''), 13);
    assert.ok(made.error > 0 && made.error < 1e-4, `${made.error}`);
  });

  test('refuses what reads a weight and is written otherwise there', async () => {
    await assert.rejects(
      applySteps(indexGraph(older('Softmax')), steps),
      /bfloat16 needs operator set 13, in which 'unread'/,
    );
  });
});
