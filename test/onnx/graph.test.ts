import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumersOf, indexGraph, initializerOf, producerOf, scopeOf } from '../../src/onnx/graph';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';

const body = aGraph({
  nodes: [aNode('Add', ['h', 'k'], ['inner']), aNode('Mul', ['inner', 'w'], ['out'])],
  initializers: [aTensor('k', 'float32', [], [1])],
  outputs: [aValue('out', 'float32')],
});
const index = indexGraph(
  aModel({
    inputs: [aValue('x', 'float32')],
    initializers: [aTensor('w', 'float32', [], [2])],
    nodes: [
      aNode('Relu', ['x'], ['h'], {}, { name: 'same' }),
      aNode(
        'If',
        ['x', ''],
        ['y', ''],
        { then_branch: { kind: 'graph', value: body } },
        { name: 'same' },
      ),
      aNode('Sink', ['h'], []),
    ],
  }),
);
const inner = index.scopes[1]!;

test('every node has an id of its own, those in bodies with their owner before them', () => {
  assert.deepEqual(
    index.entries.map((entry) => entry.id),
    ['same', 'same#2', 'Sink_2', 'same#2/then_branch/inner', 'same#2/then_branch/out'],
  );
  for (const entry of index.entries) assert.equal(index.byId.get(entry.id), entry);
});

test('names are looked for inside first, then outside', () => {
  assert.equal(producerOf(inner, 'h')?.node.op, 'Relu');
  assert.equal(producerOf(inner, 'inner')?.node.op, 'Add');
  assert.equal(producerOf(index.main, 'inner'), undefined);
  assert.equal(initializerOf(inner, 'w')?.name, 'w');
  assert.equal(initializerOf(inner, 'k')?.name, 'k');
  assert.equal(scopeOf(inner, 'x'), index.main);
  assert.equal(scopeOf(inner, 'nowhere'), undefined);
});

test('readers in bodies are readers of the value outside', () => {
  const readers = (name: string) => consumersOf(index.main, name).map((entry) => entry.node.op);
  assert.deepEqual(readers('h').sort(), ['Add', 'Sink']);
  assert.deepEqual(readers('w'), ['Mul']);
  assert.deepEqual(readers(''), []);
  assert.equal(inner.owner?.id, 'same#2');
});

test('of two makers of one value the first counts', () => {
  const twice = indexGraph(aModel({ nodes: [aNode('A', [], ['v']), aNode('B', [], ['v'])] }));
  assert.equal(producerOf(twice.main, 'v')?.node.op, 'A');
});
