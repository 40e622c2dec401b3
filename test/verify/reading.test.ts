import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNode } from '../../src/onnx/builder';
import { indexGraph } from '../../src/onnx/graph';
import type { Node } from '../../src/onnx/model';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { buildStructure } from '../../src/structure/build';
import { mainOutput, readingOf } from '../../src/verify/reading';
import type { DType } from '../../src/tensor/dtype';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';

function structureOf(
  nodes: readonly Node[],
  outputs: readonly string[],
  types: Readonly<Record<string, DType>> = {},
) {
  const index = indexGraph(
    aModel({
      nodes,
      initializers: [
        aTensor('w', 'float32', [8, 8], Array(64).fill(0.1)),
        aTensor('c', 'bool', [], [1]),
      ],
      inputs: [aValue('x', 'float32', ['n', 8])],
      outputs: outputs.map((name) => aValue(name, types[name] ?? 'float32', ['n', 8])),
    }),
  );
  return buildStructure(index, inferShapes(index, { sizes: new Map() }), undefined);
}
const product = makeNode('MatMul', ['x', 'w'], ['m']);
const readingAfter = (...nodes: readonly Node[]) => {
  const last = nodes.at(-1)?.outputs[0] ?? 'm';
  return readingOf(structureOf([product, ...nodes], [last]), last);
};

test('an output is read by the operator that writes it', () => {
  assert.equal(readingAfter(makeNode('Softmax', ['m'], ['y'])), 'probabilities');
  assert.equal(readingAfter(makeNode('LogSoftmax', ['m'], ['y'])), 'logits');
  assert.equal(readingAfter(makeNode('Sigmoid', ['m'], ['y'])), 'chance');
  assert.equal(readingAfter(makeNode('Relu', ['m'], ['y'])), 'values');
  const moved = [makeNode('Softmax', ['m'], ['s']), makeNode('Identity', ['s'], ['y'])];
  assert.equal(readingAfter(...moved), 'probabilities');
});

test('an output named like scores is taken for them, hidden states are not', () => {
  assert.equal(readingAfter(makeNode('Relu', ['m'], ['class_logits'])), 'logits');
  assert.equal(readingAfter(makeNode('Relu', ['m'], ['last_hidden_state'])), 'values');
});

test('the operator is found inside the branches of an If', () => {
  const branch = aGraph({
    nodes: [makeNode('Sigmoid', ['m'], ['inner'])],
    outputs: [aValue('inner', 'float32')],
  });
  const choice = aNode('If', ['c'], ['y'], {
    then_branch: { kind: 'graph', value: branch },
    else_branch: { kind: 'graph', value: branch },
  });
  assert.equal(readingAfter(choice), 'chance');
});

test('of several outputs the one with classes is the main one', () => {
  const structure = structureOf(
    [product, makeNode('Relu', ['m'], ['hidden']), makeNode('Softmax', ['m'], ['y'])],
    ['hidden', 'y'],
  );
  assert.equal(mainOutput(structure, ['hidden', 'y']), 'y');
  assert.equal(mainOutput(structure, ['hidden']), 'hidden');
  assert.equal(mainOutput(structure, []), undefined);
});

test('whole numbers are no scores, whatever they are called', () => {
  const structure = structureOf(
    [
      product,
      makeNode('Softmax', ['m'], ['probabilities']),
      makeNode('ArgMax', ['m'], ['label']),
      makeNode('Relu', ['m'], ['hidden']),
    ],
    ['label', 'hidden', 'probabilities'],
    { label: 'int64' },
  );
  assert.equal(readingOf(structure, 'label'), 'values');
  assert.equal(mainOutput(structure, ['label', 'hidden', 'probabilities']), 'probabilities');
  assert.equal(mainOutput(structure, ['label', 'hidden']), 'hidden');
  assert.equal(mainOutput(structure, ['label']), 'label');
});
