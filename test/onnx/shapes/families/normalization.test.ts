import assert from 'node:assert/strict';
import { test } from 'node:test';
import { of, outputTypes, type NodeCase } from '../../../support/inferring';

const ms = 'com.microsoft';

test('normalisation and what comes beside it', () => {
  const shapes = (node: NodeCase) => outputTypes(node).map((type) => type?.shape);
  assert.deepEqual(
    shapes({ op: 'LayerNormalization', outputs: 3, inputs: [['b', 's', 32], [32]] }),
    [
      ['b', 's', 32],
      ['b', 's', 1],
      ['b', 's', 1],
    ],
  );
  assert.deepEqual(
    shapes({
      op: 'SkipLayerNormalization',
      domain: ms,
      outputs: 4,
      inputs: [[2, 3, 8], [2, 3, 8], [8]],
    }),
    [
      [2, 3, 8],
      [2, 3, 1],
      [2, 3, 1],
      [2, 3, 8],
    ],
  );
  assert.deepEqual(
    shapes({
      op: 'EmbedLayerNormalization',
      domain: ms,
      outputs: 2,
      inputs: [of('int32', 'b', 's'), null, [50, 8], [16, 8], null, [8], [8]],
    }),
    [['b', 's', 8], ['b']],
  );
});
