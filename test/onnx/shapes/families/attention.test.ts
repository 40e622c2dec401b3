import assert from 'node:assert/strict';
import { test } from 'node:test';
import { int, of, outputTypes, scalar, type NodeCase } from '../../../support/inferring';

const ms = 'com.microsoft';

test('attention by operator: its output and its caches', () => {
  const shapes = (node: NodeCase) => outputTypes(node).map((type) => type?.shape);
  const heads = { q_num_heads: int(4), kv_num_heads: int(2) };
  assert.deepEqual(
    shapes({
      op: 'Attention',
      inputs: [
        ['b', 's', 32],
        ['b', 's', 16],
        ['b', 's', 16],
      ],
      attributes: heads,
    }),
    [['b', 's', 32]],
  );
  assert.deepEqual(
    shapes({
      op: 'Attention',
      outputs: 4,
      inputs: [[2, 4, 3, 8], [2, 2, 3, 8], [2, 2, 3, 6], null, [2, 2, 5, 8], [2, 2, 5, 6]],
    }),
    [
      [2, 4, 3, 6],
      [2, 2, 8, 8],
      [2, 2, 8, 6],
      [2, 4, 3, 8],
    ],
  );
  assert.deepEqual(
    shapes({
      op: 'Attention',
      domain: ms,
      outputs: 2,
      inputs: [[2, 3, 20], [20, 96], [96], null, [2, 2, 4, 5, 8]],
      attributes: { num_heads: int(4) },
    }),
    [
      [2, 3, 32],
      [2, 2, 4, 8, 8],
    ],
  );
  assert.deepEqual(
    shapes({
      op: 'MultiHeadAttention',
      domain: ms,
      inputs: [
        [2, 3, 5 * 8],
        [2, 7, 40],
        [2, 7, 20],
      ],
      attributes: { num_heads: int(5) },
    }),
    [[2, 3, 20]],
  );
  const grouped = { num_heads: int(4), kv_num_heads: int(2) };
  assert.deepEqual(
    shapes({
      op: 'GroupQueryAttention',
      domain: ms,
      outputs: 3,
      inputs: [
        [1, 3, 64],
        null,
        null,
        [1, 2, 0, 8],
        [1, 2, 0, 8],
        of('int32', 1),
        scalar(3, 'int32'),
      ],
      attributes: grouped,
    }),
    [
      [1, 3, 32],
      [1, 2, 3, 8],
      [1, 2, 3, 8],
    ],
  );
});

test('tokens without padding', () => {
  const shape = (node: NodeCase) => outputTypes(node).map((type) => type?.shape);
  const heads = { num_heads: int(4), kv_num_heads: int(2) };
  assert.deepEqual(
    shape({
      op: 'PackedAttention',
      domain: ms,
      inputs: [['n', 20], [20, 96], [96]],
      attributes: heads,
    }),
    [['n', 32]],
  );
  assert.deepEqual(
    shape({
      op: 'PagedAttention',
      domain: ms,
      outputs: 2,
      inputs: [['n', 64], null, null, [9, 16, 2, 8]],
      attributes: heads,
    }),
    [
      ['n', 32],
      [9, 16, 2, 8],
    ],
  );
  assert.deepEqual(
    shape({ op: 'RestorePadding', domain: ms, inputs: [['n', 32], of('int32', 2, 7)] }),
    [[2, 7, 32]],
  );
  assert.deepEqual(
    shape({
      op: 'GatedDeltaNet',
      domain: ms,
      outputs: 2,
      inputs: [['n', 2, 8], ['n', 2, 8], ['n', 4, 6], null, null, null, [3, 4, 6, 8]],
    }),
    [
      ['n', 4, 6],
      [3, 4, 6, 8],
    ],
  );
});
