import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteSource } from '../../src/base/bytes';
import type { Model } from '../../src/onnx/model';
import { readModel } from '../../src/onnx/read';
import { aGraph, aModel, aNode, aTensor, aValue, modelSource } from '../support/build';
import { layerMaking, rolesIn, sketch, structureOfSketch } from './sketch';
import { parametersOf, structureOfModel } from './structures';

test('a weight is found behind whatever unpacks it', () => {
  const behind: Record<string, string> = {
    'a cast': 'w = Cast{to=1} W:16x8:float16',
    'a transpose': 'w = Transpose{perm=1,0} W:8x16',
    'an identity': 'w = Identity W:16x8',
    'a reshape': 'w = Reshape W:128 [16,8]',
    'a dequantization': 'w = DequantizeLinear W:16x8:int8 0.01',
  };
  for (const [what, line] of Object.entries(behind)) {
    const structure = structureOfSketch(`in x 1x4x16\n${line}\ny = MatMul x w`);
    const layer = layerMaking(structure, 'y');
    assert.equal(parametersOf(structure), 128, what);
    assert.equal(layerMaking(structure, 'w'), layer, what);
    assert.equal(layer.weights[0]?.name, 'W', what);
  }
});

test('scales count as bytes, not as parameters', () => {
  const structure = structureOfSketch(`
    in x 1x4x16
    w = DequantizeLinear{axis=1} W:16x8:int8 S:8 Z:8:int8
    y = MatMul x w
  `);
  const kinds = layerMaking(structure, 'y').weights.map((weight) => [
    weight.kind,
    weight.parameters,
  ]);
  assert.deepEqual(kinds, [
    ['weight', 128],
    ['scale', 0],
    ['zeroPoint', 0],
  ]);
});

test('a byte of 4-bit codes is two parameters', () => {
  const structure = structureOfSketch(`
    in x 1x4x32
    y = com.microsoft.MatMulNBits{K=32 N=8 bits=4 block_size=16} x W:8x2x8:uint8 S:16
  `);
  const [weight] = layerMaking(structure, 'y').weights;
  assert.deepEqual([weight?.shape, weight?.parameters], [[32, 8], 256]);
});

test('a low-rank update belongs to the weight it is added to', () => {
  const structure = structureOfSketch(`
    in x 1x4x16
    u = MatMul A:16x2 B:2x16
    k = Mul u 0.5
    w = Add W:16x16 k
    y = MatMul x w
  `);
  assert.equal(
    structure.layers.filter((layer) => layer.weights.some((each) => each.parameters > 0)).length,
    1,
  );
  assert.equal(parametersOf(structure), 16 * 16 + 2 * 2 * 16);
});

/** A language model whose head stores the embedding a second time, transposed. */
function tiedModel(same: boolean): Model {
  const values = Array.from({ length: 20 * 8 }, (_, i) => Math.sin(i));
  const turned = Array.from(
    { length: 8 * 20 },
    (_, i) => values[(i % 20) * 8 + Math.floor(i / 20)]!,
  );
  if (!same) turned[1] = 5;
  return aModel({
    ...aGraph({}),
    inputs: [aValue('ids', 'int64', [1, 4])],
    outputs: [aValue('y', 'float32')],
    initializers: [
      aTensor('E', 'float32', [20, 8], values),
      aTensor('H', 'float32', [8, 20], turned),
    ],
    nodes: [aNode('Gather', ['E', 'ids'], ['x']), aNode('MatMul', ['x', 'H'], ['y'])],
  });
}

test('a head that stores the embedding once more, transposed, is tied and counts once', () => {
  const structure = structureOfModel(tiedModel(true));
  assert.equal(parametersOf(structure), 160);
  assert.equal(layerMaking(structure, 'y').tiedTo, layerMaking(structure, 'x').id);
});

test('a head that differs in one place looked at is a weight of its own', () => {
  const structure = structureOfModel(tiedModel(false));
  assert.equal(parametersOf(structure), 320);
  assert.equal(layerMaking(structure, 'y').tiedTo, undefined);
});

test('a weight used twice counts once, and the second layer says so', () => {
  const structure = structureOfSketch(`
    in x 1x16
    a = MatMul x W:16x16
    r = Relu a
    y = MatMul r W:16x16
  `);
  assert.equal(parametersOf(structure), 256);
  assert.equal(layerMaking(structure, 'y').tiedTo, layerMaking(structure, 'a').id);
});

test('weights in Constant nodes and weights listed as inputs', () => {
  const plain = sketch('in x 1x16\na = Gemm x W1:16x8\nr = Relu a\ny = Gemm r W2:8x4');
  const { graph } = plain;
  const constants = graph.initializers.map((tensor) =>
    aNode('Constant', [], [tensor.name], {
      value: { kind: 'tensor', value: { ...tensor, name: '' } },
    }),
  );
  const held = {
    ...plain,
    graph: { ...graph, initializers: [], nodes: [...constants, ...graph.nodes] },
  };
  const listed = {
    ...plain,
    graph: {
      ...graph,
      inputs: [
        ...graph.inputs,
        ...graph.initializers.map((tensor) => aValue(tensor.name, 'float32', tensor.shape)),
      ],
    },
  };
  for (const model of [held, listed]) {
    const structure = structureOfModel(model);
    assert.deepEqual(rolesIn(structure), { W1: 'dense', W2: 'head' });
    assert.equal(parametersOf(structure), 160);
  }
});

test('copies are told apart in few reads of the file', () => {
  const side = 32;
  const copies = Array.from({ length: 8 }, (_, i) => `w${i}`);
  const values = Array.from({ length: side * side }, (_, i) => Math.sin(i));
  const source = modelSource(
    aModel({
      inputs: [aValue('x', 'float32', [1, side])],
      outputs: [aValue('y7', 'float32', [1, side])],
      initializers: copies.map((name) => aTensor(name, 'float32', [side, side], values)),
      nodes: copies.map((name, i) =>
        aNode('MatMul', [i === 0 ? 'x' : `y${i - 1}`, name], [`y${i}`]),
      ),
    }),
  );
  let reads = 0;
  const counting: ByteSource = {
    ...source,
    read(offset, length) {
      reads += 1;
      return source.read(offset, length);
    },
  };
  const model = readModel(counting);
  reads = 0;
  const { layers } = structureOfModel(model);
  assert.equal(layers.filter(({ tiedTo }) => tiedTo === layers[0]!.id).length, copies.length - 1);
  assert.ok(reads < 16 * copies.length, `${reads} reads`);
});
