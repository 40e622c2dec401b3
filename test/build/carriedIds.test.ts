import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applySteps } from '../../src/build/apply';
import { indexGraph } from '../../src/onnx/graph';
import { aModel, aNode, aTensor, aValue } from '../support/build';

const width = 32;
const matrix = (name: string, seed: number) =>
  aTensor(
    name,
    'float32',
    [width, width],
    Float32Array.from({ length: width * width }, (_, i) => Math.sin(i * seed)),
  );

/** Products whose names tell nothing: all but the last are told apart by number alone. */
const products = () =>
  indexGraph(
    aModel(
      {
        inputs: [aValue('x', 'float32', ['batch', width])],
        outputs: [aValue('y', 'float32', ['batch', width])],
        initializers: [matrix('a', 1.3), matrix('b', 1.7), matrix('c', 1.9), matrix('d', 2.1)],
        nodes: [
          aNode('MatMul', ['x', 'a'], ['p']),
          aNode('Relu', ['p'], ['q']),
          aNode('MatMul', ['q', 'b'], ['r']),
          aNode('Sigmoid', ['r'], ['s']),
          aNode('MatMul', ['s', 'c'], ['t']),
          aNode('Tanh', ['t'], ['u']),
          aNode('MatMul', ['u', 'd'], ['y']),
        ],
      },
      { opsets: new Map([['', 17]]) },
    ),
  );

const named = (action: string, ...layers: string[]) => ({ action, targets: { layers } });

/** The names by which the steps of a plan mean layers. */
const ids = async () =>
  (await applySteps(products(), [{ action: 'weightOnly', targets: {} }])).steps[0]!.layers;

describe('names of layers from step to step', () => {
  test('a layer that is stored otherwise takes no name from others', async () => {
    const [first = '', second = '', third = ''] = await ids();
    assert.deepEqual([first, second, third], ['dense', 'dense#2', 'dense#3']);
    const { index, steps } = await applySteps(products(), [
      named('halfStorage', first),
      named('weightOnly', second),
      named('int8Dynamic', third),
    ]);
    assert.deepEqual(
      steps.map(({ layers }) => layers),
      [[first], [second], [third]],
    );
    const made = (value: string) => index.main.producers.get(value)?.node.op;
    assert.deepEqual(['p', 'r', 't', 'y'].map(made), ['MatMul', 'MatMulNBits', 'Mul', 'MatMul']);
  });

  test('a layer that a step has taken is still known, and refused with its reason', async () => {
    const [first = ''] = await ids();
    const { steps } = await applySteps(products(), [
      named('weightOnly', first),
      named('int8Dynamic', first),
    ]);
    assert.deepEqual(steps[1]!.layers, []);
    assert.deepEqual(steps[1]!.skipped, [
      { layer: first, why: 'Its weights are quantized already.' },
    ]);
  });
});
