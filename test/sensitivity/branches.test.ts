import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { structureOf } from '../../src/build/apply';
import { indexGraph } from '../../src/onnx/graph';
import type { Graph } from '../../src/onnx/model';
import type { Feeds } from '../../src/runtime/runner';
import { unrunLayers } from '../../src/sensitivity/branches';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';
import { dataOf } from '../support/calibration';

const width = 16;
const matrix = (name: string) =>
  aTensor(
    name,
    'float32',
    [width, width],
    Float32Array.from({ length: width * width }, (_, i) => Math.sin(i)),
  );

/** A product by itself, as the body of a branch. */
const branch = (weight: string, output: string): Graph =>
  aGraph({
    name: output,
    initializers: [matrix(weight)],
    nodes: [aNode('MatMul', ['h', weight], [output])],
    outputs: [aValue(output, 'float32', [1, width])],
  });

/** One product for all, then another for each side of a condition that is computed. */
const model = () =>
  indexGraph(
    aModel(
      {
        inputs: [aValue('x', 'float32', [1, width]), aValue('rate', 'float32', [1])],
        outputs: [aValue('y', 'float32', [1, width])],
        initializers: [matrix('shared'), aTensor('zero', 'float32', [1], [0])],
        nodes: [
          aNode('MatMul', ['x', 'shared'], ['h']),
          aNode('Greater', ['rate', 'zero'], ['isHigh']),
          aNode('If', ['isHigh'], ['y'], {
            then_branch: { kind: 'graph', value: branch('high', 'then') },
            else_branch: { kind: 'graph', value: branch('low', 'else') },
          }),
        ],
      },
      { opsets: new Map([['', 17]]) },
    ),
  );

const sample = (rate: number): Feeds => ({
  x: { dtype: 'float32', shape: [1, width], data: new Float32Array(width).fill(1) },
  rate: { dtype: 'float32', shape: [1], data: Float32Array.of(rate) },
});

async function unrun(rates: readonly number[]): Promise<readonly string[]> {
  const index = model();
  const isUnrun = await unrunLayers(index, dataOf(rates.map(sample)), { signal: undefined });
  const { layers } = structureOf(index, undefined);
  return layers
    .filter(({ op }) => op === 'MatMul')
    .filter(isUnrun)
    .flatMap(({ weights }) => weights.map(({ name }) => name));
}

describe('layers that no sample runs', () => {
  test('are those of the branch that no condition chose', async () => {
    assert.deepEqual(await unrun([1, 2]), ['low']);
    assert.deepEqual(await unrun([-1]), ['high']);
  });

  test('are none where the samples take both', async () => {
    assert.deepEqual(await unrun([1, -1]), []);
  });
});
