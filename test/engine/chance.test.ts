import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeUpFacts } from '../../src/runtime/datasets/facts';
import { withChance } from '../../src/engine/chance';
import { indexGraph } from '../../src/onnx/graph';
import { aGraph, aModel, aNode, aValue } from '../support/build';

const facts = madeUpFacts(1, 1);
const assumedOf = (op: string, domain = '') => {
  const body = aGraph({
    nodes: [aNode(op, ['x'], ['r'], {}, { domain })],
    outputs: [aValue('r', 'float32')],
  });
  const branch = { kind: 'graph', value: body } as const;
  const graph = {
    inputs: [aValue('x', 'float32', [2]), aValue('c', 'bool', [])],
    nodes: [aNode('If', ['c'], ['y'], { then_branch: branch, else_branch: branch })],
  };
  return withChance(facts, indexGraph(aModel(graph))).assumed;
};

test('a model that draws random numbers is warned of, in its branches too', () => {
  assert.match(assumedOf('RandomNormalLike')[0]!, /RandomNormalLike.*chance/);
  assert.match(assumedOf('Multinomial')[0]!, /Multinomial/);
});

test('others are not', () => {
  assert.deepEqual(assumedOf('Relu'), []);
  assert.deepEqual(assumedOf('RandomThing', 'my.ops'), []);
});
