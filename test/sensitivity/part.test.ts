import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexGraph } from '../../src/onnx/graph';
import { ortRunner } from '../../src/runtime/ort';
import { partFor, partModel } from '../../src/sensitivity/part';
import { Sizes } from '../../src/sensitivity/sizes';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';

test('a range that a Gather reads can be fetched: the runtime makes a Slice of the two', async () => {
  const index = indexGraph(
    aModel(
      {
        inputs: [aValue('x', 'float32', ['n', 2])],
        outputs: [aValue('y', 'float32', ['n', 2])],
        initializers: [
          aTensor('zero', 'int64', [], [0]),
          aTensor('one', 'int64', [], [1]),
          aTensor('first', 'int64', [], [0]),
        ],
        nodes: [
          aNode('Shape', ['x'], ['shape']),
          aNode('Gather', ['shape', 'first'], ['n']),
          aNode('Range', ['zero', 'n', 'one'], ['places']),
          aNode('Gather', ['x', 'places'], ['taken']),
          aNode('Relu', ['taken'], ['y']),
        ],
      },
      { opsets: new Map([['', 17]]) },
    ),
  );
  const part = partFor(index, ['taken', 'places'], () => false);
  const session = await ortRunner().load(modelBytes(partModel(index, part, new Sizes())), {
    ...{ threads: 1, provider: 'cpu', optimize: 'all' },
  });
  const x = Float32Array.of(1, -2, 3, -4, 5, -6);
  const { outputs } = await session.run({ x: { dtype: 'float32', shape: [3, 2], data: x } });
  await session.release();
  assert.deepEqual(outputs['places']!.data, BigInt64Array.of(0n, 1n, 2n));
  assert.deepEqual(outputs['taken']!.data, x);
});
