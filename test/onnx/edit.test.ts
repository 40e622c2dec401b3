import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatScalar, makeNode, makeTensor, namesFor } from '../../src/onnx/builder';
import { checkModel } from '../../src/onnx/check';
import { applyEdits, type Edit } from '../../src/onnx/edit';
import { indexGraph } from '../../src/onnx/graph';
import type { Graph, Model } from '../../src/onnx/model';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';

const graph: Partial<Graph> = {
  inputs: [aValue('x', 'float32', ['n', 2]), aValue('w', 'float32', [2, 2])],
  outputs: [aValue('y', 'float32', ['n', 2])],
  nodes: [
    aNode('Transpose', ['w'], ['wt'], {}, { name: 'turn' }),
    aNode('MatMul', ['x', 'wt'], ['h'], {}, { name: 'product' }),
    aNode('Relu', ['h'], ['y'], {}, { name: 'act' }),
    aNode('Neg', ['x'], ['unused'], {}, { name: 'idle' }),
  ],
  initializers: [
    aTensor('w', 'float32', [2, 2], [1, 2, 3, 4]),
    aTensor('spare', 'float32', [1], [1]),
  ],
  values: [aValue('wt', 'float32', [2, 2]), aValue('h', 'float32', ['n', 2])],
};

const index = indexGraph(aModel(graph));
const entry = (id: string) => index.byId.get(id)!;
const apply = (...edits: Edit[]) => applyEdits(index, edits);
const names = (model: Model) => ({
  nodes: model.graph.nodes.map((node) => node.name),
  tensors: model.graph.initializers.map((tensor) => tensor.name),
});

test('nothing edited, nothing changed', () => {
  assert.equal(apply().graph, index.model.graph);
});

test('nodes that share a name after an edit are told apart; one that is called like its value keeps it', () => {
  const model = apply({
    kind: 'replaceNode',
    entry: entry('product'),
    nodes: [
      makeNode('MatMul', ['x', 'wt'], ['half'], { name: 'h' }),
      makeNode('Cast', ['half'], ['h'], { name: 'h', to: 1 }),
      makeNode('Neg', ['h'], ['other'], { name: 'act' }),
    ],
  });
  assert.deepEqual(names(model).nodes, ['turn', 'h_2', 'h', 'act', 'act_2', 'idle']);
  assert.deepEqual(model.graph.nodes[2]!.outputs, ['h']);
});

test('a replaced node takes along what only it read, and nothing else', () => {
  const model = apply(
    {
      kind: 'replaceNode',
      entry: entry('product'),
      nodes: [makeNode('MatMul', ['x', 'v'], ['h'], { name: 'new' })],
    },
    {
      kind: 'setTensor',
      scope: index.main,
      tensor: makeTensor('v', 'float32', [2, 2], new Float32Array(4)),
    },
  );
  assert.deepEqual(names(model), { nodes: ['new', 'act', 'idle'], tensors: ['spare', 'v'] });
  assert.deepEqual(
    model.graph.inputs.map((input) => input.name),
    ['x'],
  );
  assert.deepEqual(
    model.graph.values.map((value) => value.name),
    ['h'],
  );
  assert.deepEqual(checkModel(model), []);
  // What was there is as it was, record by record.
  assert.equal(model.graph.nodes[1], index.model.graph.nodes[2]);
  assert.equal(index.model.graph.nodes.length, 4);
});

test('nodes are inserted in order, tensors of the same name replaced', () => {
  const scale = floatScalar('spare', 2);
  const model = apply(
    {
      kind: 'insertBefore',
      entry: entry('act'),
      nodes: [makeNode('Abs', ['h'], ['a'], { name: 'one' })],
    },
    {
      kind: 'insertBefore',
      entry: entry('act'),
      nodes: [makeNode('Neg', ['a'], ['b'], { name: 'two' })],
    },
    { kind: 'setTensor', scope: index.main, tensor: scale },
  );
  assert.deepEqual(names(model).nodes, ['turn', 'product', 'one', 'two', 'act', 'idle']);
  assert.equal(model.graph.initializers[1], scale);
});

test('outputs are added once, versions only raised, with the format version they need', () => {
  const model = apply(
    { kind: 'addOutput', name: 'h' },
    { kind: 'addOutput', name: 'y' },
    { kind: 'importOpset', domain: '', version: 11 },
    { kind: 'importOpset', domain: '', version: 23 },
    { kind: 'importOpset', domain: 'com.microsoft', version: 1 },
  );
  assert.deepEqual(
    model.graph.outputs.map((output) => output.name),
    ['y', 'h'],
  );
  assert.deepEqual(
    [...model.opsets],
    [
      ['', 23],
      ['com.microsoft', 1],
    ],
  );
  assert.equal(model.irVersion, 11);
});

test('a value is renamed wherever it is read, in bodies too', () => {
  const body = aGraph({
    nodes: [aNode('Abs', ['h'], ['inner'])],
    outputs: [aValue('inner', 'float32')],
  });
  const nodes = [
    ...graph.nodes!,
    aNode('If', ['x'], ['z'], { then_branch: { kind: 'graph', value: body } }),
  ];
  const before = indexGraph(aModel({ ...graph, nodes, quantization: [Uint8Array.of(10, 1, 104)] }));
  const { graph: after } = applyEdits(before, [{ kind: 'renameValue', from: 'h', to: 'hidden' }]);
  assert.deepEqual(after.nodes[1]!.outputs, ['hidden']);
  assert.deepEqual(after.nodes[2]!.inputs, ['hidden']);
  const then = after.nodes[4]!.attributes.get('then_branch');
  assert.deepEqual(then?.kind === 'graph' && then.value.nodes[0]!.inputs, ['hidden']);
  assert.deepEqual(
    after.values.map((value) => value.name),
    ['wt', 'hidden'],
  );
  assert.deepEqual(Buffer.from(after.quantization[0]!).toString('latin1'), '\n\x06hidden');
  assert.equal(after.nodes[0], before.model.graph.nodes[0]);
});

test('readers of a value that gives way read another one', () => {
  const model = apply(
    { kind: 'replaceNode', entry: entry('turn'), nodes: [] },
    { kind: 'renameValue', from: 'wt', to: 'w' },
  );
  assert.deepEqual(model.graph.nodes[0]!.inputs, ['x', 'w']);
  assert.deepEqual(checkModel(model), []);
});

test('tensors, imports and inputs that only name a default can go', () => {
  const old = indexGraph(
    aModel(graph, {
      irVersion: 3,
      opsets: new Map([
        ['', 9],
        ['of.nobody', 1],
      ]),
    }),
  );
  const model = applyEdits(old, [
    { kind: 'removeTensor', scope: old.main, name: 'spare' },
    { kind: 'fixInput', name: 'w' },
    { kind: 'dropOpset', domain: 'of.nobody' },
  ]);
  assert.deepEqual(names(model).tensors, ['w']);
  assert.deepEqual(
    model.graph.inputs.map((input) => input.name),
    ['x'],
  );
  assert.deepEqual([...model.opsets], [['', 9]]);
  assert.equal(model.irVersion, 4);
});

test('edits reach into bodies', () => {
  const body = aGraph({
    nodes: [aNode('MatMul', ['x', 'k'], ['m'], {}, { name: 'inside' })],
    outputs: [aValue('m', 'float32')],
    initializers: [aTensor('k', 'float32', [2, 2], [1, 2, 3, 4])],
  });
  const outer = indexGraph(
    aModel({
      ...graph,
      nodes: [
        aNode('If', ['x'], ['y'], { then_branch: { kind: 'graph', value: body } }, { name: 'if' }),
      ],
    }),
  );
  const inside = outer.byId.get('if/then_branch/inside')!;
  const model = applyEdits(outer, [
    {
      kind: 'replaceNode',
      entry: inside,
      nodes: [makeNode('Relu', ['x'], ['m'], { name: 'new' })],
    },
  ]);
  const then = model.graph.nodes[0]!.attributes.get('then_branch');
  assert.ok(then?.kind === 'graph');
  assert.deepEqual(names(aModel(then.value)), { nodes: ['new'], tensors: [] });
});

test('new names are names that nothing has', () => {
  const fresh = namesFor(index);
  assert.deepEqual(
    ['h', 'h', 'act', 'w', 'brand new'].map((name) => fresh.fresh(name)),
    ['h_2', 'h_3', 'act_2', 'w_2', 'brand new'],
  );
});

test('tensors that do not fill their shape are a mistake at once', () => {
  assert.throws(
    () => makeTensor('w', 'float32', [3], new Float32Array(2)),
    /8 bytes do not fill float32 \[3\]/,
  );
});
