import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeMacs } from '../../src/cost/macs';
import { indexGraph } from '../../src/onnx/graph';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { int, intList, of, text } from '../support/inferring';
import { assertMacs, macsOf } from '../support/macs';

const ms = 'com.microsoft';

test('products', () =>
  assertMacs([
    [
      'a batch',
      {
        op: 'MatMul',
        inputs: [
          [2, 12, 16, 64],
          [2, 12, 64, 16],
        ],
      },
      2 * 12 * 16 * 16 * 64,
    ],
    [
      'a broadcast batch',
      {
        op: 'MatMul',
        inputs: [
          [4, 1, 3, 5],
          [6, 5, 7],
        ],
      },
      4 * 6 * 3 * 7 * 5,
    ],
    ['two vectors', { op: 'MatMul', inputs: [[8], [8]] }, 8],
    [
      'a layer of one input',
      {
        op: 'MatMul',
        inputs: [
          [9, 1],
          [1, 5],
        ],
      },
      45,
    ],
    [
      'turned',
      {
        op: 'Gemm',
        inputs: [
          [64, 10],
          [3, 64],
        ],
        attributes: { transA: int(1), transB: int(1) },
      },
      10 * 3 * 64,
    ],
    [
      'fused and turned',
      {
        op: 'FusedMatMul',
        domain: ms,
        inputs: [
          [2, 64, 10],
          [2, 64, 3],
        ],
        attributes: { transA: int(1) },
      },
      2 * 10 * 3 * 64,
    ],
    [
      'of codes',
      {
        op: 'QGemm',
        domain: ms,
        inputs: [of('uint8', 4, 6), [], of('uint8'), of('int8', 6, 5), [], of('int8')],
      },
      4 * 5 * 6,
    ],
    [
      'packed in blocks',
      {
        op: 'MatMulNBits',
        domain: ms,
        inputs: [[2, 3, 64], of('uint8', 96, 2, 16), [192]],
        attributes: { K: int(64), N: int(96) },
      },
      2 * 3 * 64 * 96,
    ],
    [
      'an equation',
      {
        op: 'Einsum',
        inputs: [
          [2, 3, 4],
          [2, 5, 4],
        ],
        attributes: { equation: text('bij,bkj->bik') },
      },
      2 * 3 * 5 * 4,
    ],
    [
      'an outer product',
      { op: 'Einsum', inputs: [[7], [9]], attributes: { equation: text('i,j->ij') } },
      0,
    ],
    [
      'three operands from the left',
      {
        op: 'Einsum',
        inputs: [
          [2, 3],
          [3, 4],
          [4, 5],
        ],
        attributes: { equation: text('ab,bc,cd->ad') },
      },
      2 * 3 * 4 + 2 * 4 * 5,
    ],
  ]));

test('convolutions', () =>
  assertMacs([
    [
      'dense',
      {
        op: 'Conv',
        inputs: [
          [2, 3, 8, 8],
          [16, 3, 3, 3],
        ],
      },
      2 * 16 * 6 * 6 * 27,
    ],
    [
      'depthwise',
      {
        op: 'Conv',
        inputs: [
          [1, 32, 8, 8],
          [32, 1, 3, 3],
        ],
        attributes: { group: int(32), pads: intList(1, 1, 1, 1) },
      },
      32 * 64 * 9,
    ],
    [
      'spread over its outputs',
      {
        op: 'ConvTranspose',
        inputs: [
          [1, 8, 5, 5],
          [8, 4, 3, 3],
        ],
        attributes: { strides: intList(2, 2) },
      },
      8 * 25 * 4 * 9,
    ],
    [
      'of codes',
      {
        op: 'QLinearConv',
        inputs: [
          of('uint8', 1, 2, 4),
          [],
          of('uint8'),
          of('int8', 6, 2, 3),
          [6],
          of('int8', 6),
          [],
          of('uint8'),
        ],
      },
      6 * 2 * 6,
    ],
  ]));

test('recurrence', () =>
  assertMacs([
    [
      'both directions',
      {
        op: 'LSTM',
        inputs: [
          [7, 2, 8],
          [2, 64, 8],
          [2, 64, 16],
        ],
        attributes: { direction: text('bidirectional'), hidden_size: int(16) },
      },
      7 * 2 * 2 * 4 * 16 * (8 + 16),
    ],
    [
      'three gates',
      {
        op: 'GRU',
        inputs: [
          [7, 2, 8],
          [1, 48, 8],
          [1, 48, 16],
        ],
        attributes: { hidden_size: int(16) },
      },
      7 * 2 * 3 * 16 * 24,
    ],
    [
      'turned weights',
      {
        op: 'DynamicQuantizeLSTM',
        domain: ms,
        inputs: [[7, 2, 8], of('int8', 1, 8, 64), of('int8', 1, 16, 64)],
      },
      7 * 2 * 64 * 24,
    ],
  ]));

test('what works on elements one by one counts nothing', () =>
  assertMacs([
    ['activation', { op: 'Gelu', inputs: [[2, 3]] }, 0],
    ['table', { op: 'Gather', inputs: [[100, 8], of('int64', 2, 3)] }, 0],
    ['norm', { op: 'SkipLayerNormalization', domain: ms, inputs: [[2, 3, 8], [2, 3, 8], [8]] }, 0],
  ]));

test('what cannot be told is told as such', () => {
  assert.equal(
    macsOf({ op: 'Mixer', domain: 'acme', inputs: [[2, 2]] }),
    'The operator acme.Mixer is not known.',
  );
  assert.equal(
    macsOf({
      op: 'MatMul',
      inputs: [
        ['b', 4],
        [4, 4],
      ],
    }),
    'The shape of its input in0 is not known.',
  );
});

test('the product that writes down rotary angles is no arithmetic of a layer', () => {
  const product = (reader: string) => {
    const model = aModel({
      nodes: [
        aNode('MatMul', ['frequencies', 'positions'], ['angles'], {}, { name: 'product' }),
        aNode('Transpose', ['angles'], ['turned']),
        aNode('Concat', ['turned', 'turned'], ['both'], { axis: int(-1) }),
        aNode(reader, ['both'], ['out']),
      ],
      initializers: [aTensor('frequencies', 'float32', [32, 1], Array<number>(32).fill(1))],
      inputs: [aValue('positions', 'float32', [1, 16])],
    });
    const index = indexGraph(model);
    return nodeMacs(index.byId.get('product')!, inferShapes(index, { sizes: new Map() }));
  };
  assert.deepEqual(product('Cos'), { macs: 0 });
  assert.deepEqual(product('Relu'), { macs: 32 * 16 });
});
