import { test } from 'node:test';
import { int, of, scalar } from '../support/inferring';
import { assertMacs } from '../support/macs';

const ms = 'com.microsoft';

test('attention', () =>
  assertMacs([
    [
      'grouped queries',
      {
        op: 'Attention',
        inputs: [
          [2, 8, 5, 16],
          [2, 2, 9, 16],
          [2, 2, 9, 12],
        ],
      },
      2 * 8 * 5 * 9 * (16 + 12),
    ],
    [
      'packed heads and a past',
      {
        op: 'Attention',
        inputs: [[1, 3, 32], [1, 3, 16], [1, 3, 16], null, [1, 2, 4, 8], [1, 2, 4, 8]],
        attributes: { q_num_heads: int(4), kv_num_heads: int(2) },
      },
      4 * 3 * 7 * 16,
    ],
    [
      'causal is not halved',
      {
        op: 'Attention',
        inputs: [
          [1, 2, 6, 4],
          [1, 2, 6, 4],
          [1, 2, 6, 4],
        ],
        attributes: { is_causal: int(1) },
      },
      2 * 6 * 6 * 8,
    ],
    [
      'with its own projection',
      {
        op: 'Attention',
        domain: ms,
        inputs: [[2, 3, 20], [20, 96], [96]],
        attributes: { num_heads: int(4) },
      },
      6 * 20 * 96 + 2 * 4 * 3 * 3 * 16,
    ],
    [
      'of codes',
      {
        op: 'QAttention',
        domain: ms,
        inputs: [of('uint8', 2, 3, 20), of('int8', 20, 96), [96], [], []],
        attributes: { num_heads: int(4) },
      },
      6 * 20 * 96 + 2 * 4 * 3 * 3 * 16,
    ],
    [
      'across',
      {
        op: 'MultiHeadAttention',
        domain: ms,
        inputs: [
          [2, 3, 40],
          [2, 7, 40],
          [2, 7, 20],
        ],
        attributes: { num_heads: int(5) },
      },
      2 * 5 * 3 * 7 * (8 + 4),
    ],
    [
      'grouped, by total length',
      {
        op: 'GroupQueryAttention',
        domain: ms,
        inputs: [
          [1, 1, 32],
          [1, 1, 16],
          [1, 1, 16],
          [1, 2, 9, 8],
          [1, 2, 9, 8],
          of('int32', 1),
          scalar(10, 'int32'),
        ],
        attributes: { num_heads: int(4), kv_num_heads: int(2) },
      },
      4 * 10 * 16,
    ],
    [
      'experts',
      {
        op: 'MoE',
        domain: ms,
        inputs: [[6, 8], [6, 4], [4, 8, 32], null, [4, 32, 8]],
        attributes: { k: int(2) },
      },
      6 * 2 * 2 * 8 * 32,
    ],
  ]));

test('projections inside other operators', () =>
  assertMacs([
    [
      'three at once',
      {
        op: 'MatMulNBitsQkv',
        domain: ms,
        inputs: [[2, 3, 64]],
        attributes: { K: int(64), Nq: int(64), Nkv: int(16) },
      },
      6 * 64 * 96,
    ],
    [
      'gate and up',
      {
        op: 'MatMulNBitsMlp',
        domain: ms,
        inputs: [[2, 3, 64]],
        attributes: { K: int(64), N: int(172) },
      },
      6 * 64 * 2 * 172,
    ],
    [
      'a delta network',
      {
        op: 'GatedDeltaNet',
        domain: ms,
        inputs: [
          [5, 2, 8],
          [5, 2, 8],
          [5, 4, 6],
        ],
      },
      5 * 8 * 6 * (4 * 2 + 4),
    ],
  ]));
