import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileSource } from '../../src/engine/files';
import { checkModel } from '../../src/onnx/check';
import type { Graph, Model } from '../../src/onnx/model';
import { sortNodes } from '../../src/onnx/order';
import { readModel } from '../../src/onnx/read';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';
import { modelFiles, withoutModels } from '../support/models';
import { refuses } from '../support/refuses';

const sound: Partial<Graph> = {
  inputs: [aValue('x', 'float32')],
  outputs: [aValue('y', 'float32')],
  nodes: [aNode('Add', ['x', 'w'], ['h']), aNode('Relu', ['h'], ['y'], {}, { name: 'act' })],
  initializers: [aTensor('w', 'float32', [2], [1, 2])],
};

const found = (graph: Partial<Graph>, more: Partial<Model> = {}) =>
  checkModel(aModel({ ...sound, ...graph }, more)).map(
    ({ severity, code, place }) => `${severity} ${code} ${place}`,
  );

test('a sound model has no problems', () => {
  assert.deepEqual(found({}), []);
});

test('each kind of problem is found where it is', () => {
  const [add, relu] = sound.nodes!;
  assert.deepEqual(found({ nodes: [], outputs: [] }), ['warning noNodes ']);
  assert.deepEqual(found({}, { opsets: new Map([['', 99]]) }), ['warning newOpset ']);
  assert.deepEqual(found({ nodes: [add!, { ...relu!, domain: 'my.ops' }] }), ['error noOpset ']);
  assert.deepEqual(found({ nodes: [relu!, add!] }), ['warning unsorted h']);
  assert.deepEqual(found({ nodes: [add!, { ...relu!, op: '' }] }), ['error noOperator act']);
  assert.deepEqual(found({ nodes: [add!, relu!, aNode('Neg', ['x'], ['h'])] }), [
    'error duplicateName h',
  ]);
  assert.deepEqual(found({ nodes: [relu!] }), ['error missingValue act']);
  assert.deepEqual(found({ nodes: [add!] }), ['error missingOutput y']);
  assert.deepEqual(found({ initializers: [] }), ['error missingValue h']);
  const twice = [...sound.initializers!, ...sound.initializers!];
  assert.deepEqual(found({ initializers: twice }), ['error duplicateName w']);
  const wrong = [{ ...sound.initializers![0]!, shape: [3] }];
  assert.deepEqual(found({ initializers: wrong }), ['error badTensor w']);
});

test('a circle is named, and no order is made of it', () => {
  const nodes = [
    aNode('Add', ['x', 'c'], ['a'], {}, { name: 'first' }),
    aNode('Relu', ['a'], ['b'], {}, { name: 'second' }),
    aNode('Neg', ['b'], ['c'], {}, { name: 'third' }),
    aNode('Neg', ['c'], ['y']),
  ];
  const model = aModel({ ...sound, nodes });
  const [problem] = checkModel(model);
  assert.equal(problem!.code, 'circle');
  assert.match(problem!.message, /'first' → 'second' → 'third' → 'first'/);
  refuses(() => sortNodes(model), 'badModel', /runs in a circle/);
});

test('a circle through a body is found, and a body is sorted', () => {
  const body = (reads: string) =>
    aGraph({
      nodes: [aNode('Neg', ['n'], ['out']), aNode('Relu', [reads], ['n'])],
      outputs: [aValue('out', 'float32')],
    });
  const owner = (reads: string) => [
    aNode(
      'If',
      ['x'],
      ['h'],
      { then_branch: { kind: 'graph', value: body(reads) } },
      { name: 'if' },
    ),
    aNode('Relu', ['h'], ['y']),
  ];
  assert.deepEqual(found({ nodes: owner('y') }), [
    'error circle if',
    'warning unsorted if/then_branch/n',
  ]);
  const sorted = sortNodes(aModel({ ...sound, nodes: owner('x') }));
  const then = sorted.graph.nodes[0]!.attributes.get('then_branch');
  assert.deepEqual(then?.kind === 'graph' && then.value.nodes.map((node) => node.op), [
    'Relu',
    'Neg',
  ]);
  assert.deepEqual(checkModel(sorted), []);
});

test('sorting keeps the file order where it can, and a sorted model is the same record', () => {
  const nodes = [
    aNode('Neg', ['b'], ['y']),
    aNode('Relu', ['x'], ['a']),
    aNode('Relu', ['a'], ['b']),
    aNode('Abs', ['x'], ['z']),
  ];
  const sorted = sortNodes(aModel({ ...sound, nodes }));
  assert.deepEqual(
    sorted.graph.nodes.map((node) => node.outputs[0]),
    ['a', 'b', 'y', 'z'],
  );
  assert.equal(sortNodes(sorted), sorted);
});

test('many problems of one kind are counted, not listed', () => {
  const nodes = Array.from({ length: 500 }, (_, i) => aNode('Neg', [`gone${i}`], [`v${i}`]));
  const problems = checkModel(aModel({ nodes }));
  assert.equal(problems.length, 20);
  assert.match(problems.at(-1)!.message, /^480 more like this: Node 'v19' reads 'gone19'/);
});

test('forty thousand nodes alike in name and out of order are checked in linear time', () => {
  const count = 40_000;
  const nodes = Array.from({ length: count }, (_, i) =>
    aNode('Relu', [`v${count - 1 - i}`], [`v${count - i}`], {}, { name: 'same' }),
  );
  // Processor time, since others may keep the machine busy. Looking through all names for each took minutes.
  const before = process.cpuUsage();
  const model = aModel({ nodes, inputs: [aValue('v0', 'float32')] });
  assert.deepEqual(
    checkModel(model).map((problem) => problem.code),
    ['unsorted'],
  );
  assert.ok(process.cpuUsage(before).user < 10e6);
});

test(
  'real models have no problems but one whose nodes are out of order',
  { skip: withoutModels },
  () => {
    for (const file of modelFiles()) {
      const source = new FileSource(file);
      const codes = checkModel(readModel(source)).map((problem) => problem.code);
      assert.deepEqual(codes, file.endsWith('resnet_basic_ts_fp16.onnx') ? ['unsorted'] : [], file);
      source.dispose();
    }
  },
);
