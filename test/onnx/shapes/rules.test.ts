import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputTypes } from '../../support/inferring';

test('an operator that nobody knows says nothing', () => {
  assert.deepEqual(
    outputTypes({
      op: 'MatMul',
      domain: 'acme',
      inputs: [
        [2, 2],
        [2, 2],
      ],
    }),
    [undefined],
  );
});
