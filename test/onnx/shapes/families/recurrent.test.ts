import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkShapes, int, of, outputTypes, text } from '../../../support/inferring';

const ms = 'com.microsoft';

checkShapes('recurrence', [
  [
    'both directions',
    {
      op: 'LSTM',
      inputs: [
        ['t', 'b', 8],
        [2, 64, 8],
        [2, 64, 16],
      ],
      attributes: { direction: text('bidirectional'), hidden_size: int(16) },
    },
    ['t', 2, 'b', 16],
  ],
  [
    'batch first',
    {
      op: 'GRU',
      inputs: [
        ['b', 't', 8],
        [1, 48, 8],
        [1, 48, 16],
      ],
      attributes: { layout: int(1) },
    },
    ['b', 't', 1, 16],
  ],
  [
    'turned weights',
    {
      op: 'DynamicQuantizeLSTM',
      domain: ms,
      inputs: [['t', 'b', 8], of('int8', 1, 8, 64), of('int8', 1, 16, 64)],
    },
    ['t', 1, 'b', 16],
  ],
]);

test('the last states of an LSTM', () => {
  const types = outputTypes({
    op: 'LSTM',
    inputs: [
      ['t', 'b', 8],
      [1, 64, 8],
      [1, 64, 16],
    ],
    outputs: 3,
  });
  assert.deepEqual(
    types.map((type) => type?.shape),
    [
      ['t', 1, 'b', 16],
      [1, 'b', 16],
      [1, 'b', 16],
    ],
  );
});
