import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random';
import type { Model, Node } from '../../src/onnx/model';
import type { Structure } from '../../src/structure/structure';
import { aModel, aNode, aValue } from '../support/build';
import { knownModel } from '../support/facts';
import { withoutModels } from '../support/models';
import { layerMaking, sketch, structureOfSketch } from './sketch';
import { structureOfModel } from './structures';

/** Every node is in exactly one layer, every layer has its name, and blocks and layers agree. */
function assertWhole(structure: Structure): void {
  const placed = structure.layers.flatMap((layer) => layer.nodes.map((node) => node.id));
  assert.deepEqual([...placed].sort(), structure.index.entries.map((entry) => entry.id).sort());
  const ids = structure.layers.map((layer) => layer.id);
  assert.equal(new Set(ids).size, ids.length);
  for (const layer of structure.layers) {
    assert.equal(structure.layerOf.get(layer.main.id), layer);
    if (layer.block !== undefined) {
      assert.ok(structure.blocks[layer.block]?.layers.includes(layer.id));
    }
  }
}

test('an empty model has no layers', () => {
  const structure = structureOfModel(aModel({}));
  assert.deepEqual([structure.family, structure.layers, structure.blocks], ['other', [], []]);
});

test('a graph that runs in a circle', () => {
  const nodes = [
    aNode('MatMul', ['c', 'c'], ['a']),
    aNode('Softmax', ['a'], ['b']),
    aNode('MatMul', ['b', 'a'], ['c']),
    aNode('Transpose', ['d'], ['d']),
  ];
  assertWhole(structureOfModel(aModel({ nodes, outputs: [aValue('c', 'float32')] })));
});

test('nodes without names, of equal names, and of names that objects have', () => {
  const nodes = ['', 'same', 'same', '__proto__', 'constructor'].map((name, i) =>
    aNode(i % 2 ? 'Relu' : 'toString', [i ? `v${i - 1}` : 'x'], [`v${i}`], {}, { name }),
  );
  assertWhole(structureOfModel(aModel({ nodes, inputs: [aValue('x', 'float32', [1])] })));
});

test('a file that is not sorted', () => {
  const model = sketch(`
    in x 1x8x16
    u = MatMul x Wu:16x64
    r = Relu u
    d = MatMul r Wd:64x16
    y = Add x d
  `);
  const nodes = [...model.graph.nodes].reverse();
  const structure = structureOfModel({ ...model, graph: { ...model.graph, nodes } });
  assertWhole(structure);
  assert.equal(layerMaking(structure, 'u').role, 'up');
});

test('names are made from the pattern where the file has none', () => {
  const structure = structureOfSketch(`
    in x 1x8x16
    u = MatMul x 1:16x64
    r = Relu u
    d = MatMul r 2:64x16
    y = Add x d
  `);
  assert.deepEqual(
    structure.layers.map((layer) => layer.name),
    [
      'block.0.feedForward.up',
      'block.0.feedForward.activation',
      'block.0.feedForward.down',
      'block.0.residual',
    ],
  );
});

test('layers inside the body of a loop', () => {
  const body = sketch(`
    in i 1 int64
    in go 1 int64
    in h 1x8x16
    u = MatMul h Wu:16x64
    r = Relu u
    d = MatMul r Wd:64x16
    o = Add h d
  `).graph;
  const outputs = [aValue('go', 'bool'), aValue('o', 'float32')];
  const loop = aNode('Loop', ['n', '', 'x'], ['y'], {
    body: { kind: 'graph', value: { ...body, outputs } },
  });
  const structure = structureOfModel(
    aModel({
      nodes: [loop],
      inputs: [aValue('n', 'int64', []), aValue('x', 'float32', [1, 8, 16])],
      outputs: [aValue('y', 'float32')],
    }),
  );
  assertWhole(structure);
  assert.equal(layerMaking(structure, 'u').role, 'up');
  assert.equal(structure.blocks.length, 1);
});

/** A model with some of its nodes rewired, cut off, renamed or turned into others. */
function mutated(model: Model, random: () => number, rate: number): Model {
  const values = model.graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs]);
  const any = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
  const changes: ((node: Node) => Partial<Node>)[] = [
    (node) => ({ inputs: node.inputs.map((name) => (random() < 0.5 ? any(values) : name)) }),
    (node) => ({ outputs: [any(values), ...node.outputs.slice(1)] }),
    (node) => ({ inputs: node.inputs.slice(1) }),
    () => ({ op: any(['MatMul', 'Softmax', 'Gather', 'Loop', 'Attention', 'QLinearConcat']) }),
    () => ({ attributes: new Map() }),
  ];
  const nodes = model.graph.nodes.map((node) =>
    random() < rate ? { ...node, ...any(changes)(node) } : node,
  );
  return { ...model, graph: { ...model.graph, nodes } };
}

test('100 mutated models: each node in one layer, none throws', { skip: withoutModels }, () => {
  const files = [
    'bert_ts_op14',
    'llama_dynamo_op18',
    't5_ts_op14',
    'vit_ts_staticqdq',
    'bert_ts_ortfused_dynint8',
  ];
  const random = seededRandom(7);
  for (const file of files) {
    const { model } = knownModel(`structures/${file}.onnx`);
    for (let i = 0; i < 20; i++)
      assertWhole(structureOfModel(mutated(model, random, 0.01 * 3 ** (i % 4))));
  }
});

/** A stack of feed-forwards and a long chain of constants: what takes time that grows faster than the model shows here. */
function stack(blocks: number): Model {
  const lines = Array.from({ length: blocks }, (_, i) => {
    const from = i === 0 ? 'x' : `y${i - 1}`;
    return `u${i} = MatMul ${from} w\nr${i} = Relu u${i}\nd${i} = MatMul r${i} Wd:64x16\ny${i} = Add ${from} d${i}`;
  });
  const chain = Array.from(
    { length: blocks },
    (_, i) =>
      `${i === blocks - 1 ? 'w' : `c${i}`} = Identity ${i === 0 ? 'Wu:16x64' : `c${i - 1}`}`,
  );
  return sketch(`in x 1x8x16\n${chain.join('\n')}\n${lines.join('\n')}`);
}

test('time grows with the model, not with its square', () => {
  const millisecondsFor = (blocks: number) => {
    const model = stack(blocks);
    const start = process.cpuUsage().user;
    assert.equal(structureOfModel(model).blocks.length, blocks);
    return (process.cpuUsage().user - start) / 1000;
  };
  millisecondsFor(200);
  const [small, large] = [millisecondsFor(200), millisecondsFor(1600)];
  // Eight times the model: a square would take sixty-four times as long.
  assert.ok(large < 30 * Math.max(small, 20), `${small} ms, then ${large} ms`);
});
