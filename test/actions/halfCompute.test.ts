import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { actionOf } from '../../src/actions/index';
import { applySteps } from '../../src/build/apply';
import { saveModel } from '../../src/engine/saveModel';
import { indexGraph } from '../../src/onnx/graph';
import type { AttributeValue, Graph, Node, Tensor } from '../../src/onnx/model';
import { tensorBytes, tensorValues } from '../../src/onnx/weights';
import { ortRunner } from '../../src/runtime/ort';
import { buildStructure } from '../../src/structure/build';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';
import { inFolder } from '../support/folder';
import { modelsFolder, withoutModels } from '../support/models';
import { trial } from '../support/trial';

const waves = (name: string, shape: readonly number[]) =>
  aTensor(
    name,
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7)),
  );
const floats = (name: string, ...values: number[]) => aTensor(name, 'float32', [], values);
const ints = (...value: bigint[]): AttributeValue => ({ kind: 'ints', value });
const product = (from: string, to: string, weight = 'w') =>
  aNode('MatMul', [from, weight], [to], {}, { name: `/${to}/MatMul` });

const ends = {
  inputs: [aValue('x', 'float32', ['n', 16])],
  outputs: [aValue('y', 'float32', ['n', 16])],
};
const square = waves('w', [16, 16]);

async function converted(graph: Partial<Graph>) {
  const index = indexGraph(aModel({ ...ends, ...graph }, { opsets: new Map([['', 17]]) }));
  return applySteps(index, [{ action: 'halfCompute', targets: {} }]);
}

const ops = (nodes: readonly Node[]) => nodes.map(({ op }) => op).join(' ');
const named = (tensors: readonly Tensor[], start: string) =>
  tensors.find(({ name }) => name.startsWith(start))!;

describe('float16 arithmetic', () => {
  test('casts stand only where values enter and leave', async () => {
    const { index, steps } = await converted({
      initializers: [square, waves('b', [16])],
      nodes: [product('x', 'a'), aNode('Add', ['a', 'b'], ['c']), aNode('Relu', ['c'], ['y'])],
    });
    const { graph } = index.model;
    assert.equal(ops(graph.nodes), 'Cast MatMul Add Relu Cast');
    assert.deepEqual([graph.inputs, graph.outputs], [ends.inputs, ends.outputs]);
    assert.deepEqual(
      graph.initializers.map(({ dtype }) => dtype),
      ['float16', 'float16'],
    );
    assert.ok(steps[0]!.layers.length >= 1);
  });

  test('a value that both kinds read is there twice, its weight once each', async () => {
    const { index } = await converted({
      outputs: [...ends.outputs, aValue('s', 'float32', ['n'])],
      initializers: [square],
      nodes: [
        product('x', 'a'),
        product('a', 'y'),
        aNode('ReduceSum', ['a'], ['s'], { keepdims: { kind: 'int', value: 0n } }),
      ],
    });
    const { nodes, initializers } = index.model.graph;
    assert.equal(ops(nodes), 'Cast MatMul Cast MatMul Cast ReduceSum');
    assert.equal(nodes.at(-1)!.inputs[0], 'a');
    assert.equal(initializers.length, 1);
  });

  test('constants beyond its range are cut and counted, infinities stay', async () => {
    const { index, notes } = await converted({
      initializers: [square, floats('far', -3.4e38), floats('none', -Infinity)],
      nodes: [
        product('x', 'a'),
        aNode('Add', ['a', 'far'], ['b']),
        aNode('Max', ['b', 'none'], ['y']),
      ],
    });
    const { initializers } = index.model.graph;
    assert.deepEqual([...tensorValues(named(initializers, 'far'))], [-32752]);
    assert.deepEqual([...tensorValues(named(initializers, 'none'))], [-Infinity]);
    assert.deepEqual(notes, [
      "1 constant number was beyond float16’s range and cut to ±32,752 (in 'far'): right for masks, wrong for anything else.",
    ]);
  });

  test('what counts and turns into angles stays exact', async () => {
    const { index } = await converted({
      inputs: [...ends.inputs, aValue('at', 'int64', ['n', 1])],
      initializers: [square, waves('frequencies', [1, 16])],
      nodes: [
        aNode('Cast', ['at'], ['p'], { to: { kind: 'int', value: 1n } }),
        aNode('MatMul', ['p', 'frequencies'], ['angles']),
        aNode('Cos', ['angles'], ['c']),
        product('x', 'a'),
        aNode('Mul', ['a', 'c'], ['y']),
      ],
    });
    assert.equal(ops(index.model.graph.nodes), 'Cast MatMul Cos Cast MatMul Cast Mul Cast');
    const frequencies = named(index.model.graph.initializers, 'frequencies');
    assert.equal(frequencies.dtype, 'float32');
  });

  test('a mask is cast straight to float16, and filled with it', async () => {
    const { index } = await converted({
      inputs: [...ends.inputs, aValue('keep', 'int64', ['n', 16])],
      initializers: [square, aTensor('size', 'int64', [1], [16])],
      nodes: [
        aNode('Cast', ['keep'], ['k'], { to: { kind: 'int', value: 1n } }),
        aNode('ConstantOfShape', ['size'], ['f'], {
          value: { kind: 'tensor', value: aTensor('', 'float32', [1], [-1e9]) },
        }),
        aNode('Mul', ['k', 'f'], ['m']),
        product('x', 'a'),
        aNode('Add', ['a', 'm'], ['y']),
      ],
    });
    const { nodes } = index.model.graph;
    assert.equal(ops(nodes), 'Cast ConstantOfShape Mul Cast MatMul Add Cast');
    const [cast, filled] = nodes.map(({ attributes }) => [...attributes.values()][0]!);
    assert.equal(cast!.kind === 'int' && cast!.value, 10n);
    assert.ok(filled!.kind === 'tensor');
    assert.deepEqual([...tensorBytes(filled!.value)], [0xff, 0xf7]);
  });

  test('scales of Resize keep their type', async () => {
    const { index } = await converted({
      inputs: [aValue('x', 'float32', [1, 2, 4, 4])],
      outputs: [aValue('y', 'float32', [1, 2, 8, 8])],
      initializers: [waves('w', [2, 2, 1, 1]), aTensor('scales', 'float32', [4], [1, 1, 2, 2])],
      nodes: [
        aNode('Conv', ['x', 'w'], ['a'], {}, { name: 'conv' }),
        aNode('Resize', ['a', '', 'scales'], ['y']),
      ],
    });
    const { nodes, initializers } = index.model.graph;
    assert.equal(ops(nodes), 'Cast Conv Resize Cast');
    assert.equal(named(initializers, 'scales').dtype, 'float32');
  });

  test('bodies of If read what is in float16 outside', async () => {
    const branch = (weight: string) =>
      ({
        kind: 'graph',
        value: aGraph({
          nodes: [product('a', `inner_${weight}`, weight)],
          outputs: [aValue(`inner_${weight}`, 'float32', ['n', 16])],
        }),
      }) as const;
    const { index } = await converted({
      inputs: [...ends.inputs, aValue('c', 'bool', [])],
      initializers: [square, waves('v', [16, 16])],
      nodes: [
        product('x', 'a'),
        aNode('If', ['c'], ['y'], { then_branch: branch('w'), else_branch: branch('v') }),
      ],
    });
    assert.deepEqual(
      index.scopes.map(({ graph }) => ops(graph.nodes)),
      ['Cast MatMul If', 'MatMul Cast', 'MatMul Cast'],
    );
    assert.deepEqual(
      index.model.graph.initializers.map(({ dtype }) => dtype),
      ['float16', 'float16'],
    );
  });

  test('what does no layer’s work is left alone', async () => {
    const { steps } = await converted({ nodes: [aNode('Relu', ['x'], ['y'])] });
    assert.equal(steps[0]!.edits, 0);
  });

  test('layers say why they stay', () => {
    const index = indexGraph(
      aModel({
        ...ends,
        initializers: [{ ...square, dtype: 'float16' }, waves('s', [16])],
        nodes: [
          aNode('BatchNormalization', ['x', 's', 's', 's', 's'], ['b'], {}, { name: 'norm' }),
          aNode('Cast', ['b'], ['h'], { to: { kind: 'int', value: 10n } }),
          aNode('MatMul', ['h', 'w'], ['p'], {}, { name: 'half' }),
          aNode('Cast', ['p'], ['q'], { to: { kind: 'int', value: 1n } }),
          aNode('CumSum', ['q', 's'], ['y'], {}, { name: 'sums' }),
        ],
      }),
    );
    const { layers } = buildStructure(index, inferShapes(index, { sizes: new Map() }), undefined);
    const whys = layers.map((layer) => {
      const fit = actionOf('halfCompute').appliesTo(layer, {});
      return fit.fits ? 'fits' : fit.why;
    });
    assert.ok(
      whys.some((why) => /squares leave float16’s range/.test(why)),
      whys.join(),
    );
    assert.ok(
      whys.some((why) => /float16 already/.test(why)),
      whys.join(),
    );
    assert.ok(
      whys.some((why) => /CumSum stays in float32/.test(why)),
      whys.join(),
    );
  });
});

/** The pattern that ends ONNX Runtime's process in float16: the batch moved, and a product of other rank reading it. */
test('a product that the runtime cannot load in float16 stays in float32', () =>
  inFolder(async (folder) => {
    const moved = { perm: ints(1n, 0n, 2n) };
    const { index } = await converted({
      inputs: [aValue('x', 'float32', ['s', 'n', 16])],
      outputs: [aValue('y', 'float32', ['n', 's', 16])],
      initializers: [square],
      nodes: [
        product('x', 'a'),
        aNode('Transpose', ['a'], ['t'], moved),
        product('t', 'b'),
        product('b', 'y'),
      ],
    });
    assert.equal(
      ops(index.model.graph.nodes),
      'Cast MatMul Cast Transpose MatMul Cast MatMul Cast',
    );
    const file = join(folder, 'model.onnx');
    saveModel(index.model, file);
    const session = await ortRunner().load(file, { threads: 1, provider: 'cpu', optimize: 'all' });
    await session.release();
  }));

test('a table that the head reads turned is in float16 once', async () => {
  const { index } = await converted({
    inputs: [aValue('x', 'int64', ['s', 'n'])],
    outputs: [aValue('y', 'float32', ['s', 'n', 32])],
    initializers: [waves('w', [32, 16])],
    nodes: [
      aNode('Gather', ['w', 'x'], ['e']),
      aNode('Transpose', ['w'], ['t'], { perm: ints(1n, 0n) }),
      product('e', 'y', 't'),
    ],
  });
  assert.equal(ops(index.model.graph.nodes), 'Gather Transpose MatMul Cast');
  assert.equal(index.model.graph.initializers.length, 1);
});

describe('real models in float16', { skip: withoutModels }, () => {
  for (const [model, data, least] of [
    ['lstm-sst2', 'dev.npz', 60],
    ['mnist-resnet', 'test.npz', 40],
  ] as const) {
    test(`${model} takes half the room and answers as before`, async (t) => {
      const made = await trial(join(modelsFolder, model, 'model.onnx'), [
        { action: 'halfCompute', targets: {} },
      ]);
      t.after(() => made.remove());
      assert.ok(made.share < 0.52, `${made.share}`);
      const { sqnrDb } = await made.difference(join(modelsFolder, model, data));
      t.diagnostic(`${(100 * made.share).toFixed(1)} % of the file, ${sqnrDb.toFixed(1)} dB`);
      assert.ok(sqnrDb > least, `${sqnrDb} dB`);
    });
  }
});
