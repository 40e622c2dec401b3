import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearFit } from '../../src/actions/linear';
import { structureOf } from '../../src/build/apply';
import { indexGraph } from '../../src/onnx/graph';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { carryingLoop, loopCounts } from '../support/carryingLoop';

test('a weight that a loop carries as well is left as it is', () => {
  const index = indexGraph(
    aModel({
      inputs: [aValue('x', 'float32', [1, 16])],
      outputs: [aValue('y', 'float32', [1, 16])],
      initializers: [
        ...['w', 'v'].map((name) => aTensor(name, 'float32', [16, 16], new Float32Array(256))),
        ...loopCounts,
      ],
      nodes: [
        // The first step of the loop, unrolled.
        aNode('MatMul', ['x', 'w'], ['first'], {}, { name: 'carried' }),
        aNode('MatMul', ['first', 'v'], ['second'], {}, { name: 'free' }),
        carryingLoop('second', 16),
      ],
    }),
  );
  const { layerOf } = structureOf(index, undefined);
  assert.deepEqual(linearFit(layerOf.get('carried')!), {
    fits: false,
    why: 'A loop carries its weight as well: it would be stored twice.',
  });
  assert.deepEqual(linearFit(layerOf.get('free')!), { fits: true });
});
