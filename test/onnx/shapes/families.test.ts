import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  int,
  intList,
  ints,
  of,
  outputShape,
  outputTypes,
  scalar,
  text,
  type NodeCase,
} from '../../support/inferring';

/** [what it shows, one node, the shape of its first output]. */
type Row = readonly [what: string, node: NodeCase, shape: ReturnType<typeof outputShape>];

function check(family: string, rows: readonly Row[]): void {
  test(family, () => {
    for (const [what, node, shape] of rows) assert.deepEqual(outputShape(node), shape, what);
  });
}

const floats = (...values: number[]) => ({ dtype: 'float32', values }) as const;
const ms = 'com.microsoft';

check('elementwise operators broadcast', [
  [
    'one side',
    {
      op: 'Add',
      inputs: [
        [2, 1, 4],
        [3, 1],
      ],
    },
    [2, 3, 4],
  ],
  [
    'a symbol beside 1',
    {
      op: 'Mul',
      inputs: [
        ['batch', 1],
        [1, 8],
      ],
    },
    ['batch', 8],
  ],
  ['a symbol beside a size above 1', { op: 'Sub', inputs: [['batch'], [8]] }, [8]],
  ['two symbols that may be 1 or equal', { op: 'Div', inputs: [['a'], ['b']] }, [null]],
  ['three inputs', { op: 'Where', inputs: [of('bool', 4, 1), [1, 5], [1]] }, [4, 5]],
  ['sizes that do not fit', { op: 'Add', inputs: [[2], [3]] }, [null]],
  [
    'a slope that broadcasts into the data',
    {
      op: 'PRelu',
      inputs: [
        [2, 3, 4],
        [3, 1],
      ],
    },
    [2, 3, 4],
  ],
]);

check('operators that give a tensor another shape', [
  [
    'copies and the rest',
    { op: 'Reshape', inputs: [['batch', 8, 64], ints(0, -1, 4)] },
    ['batch', 128, 4],
  ],
  [
    'zero kept',
    { op: 'Reshape', inputs: [[0, 3], ints(3, 0)], attributes: { allowzero: int(1) } },
    [3, 0],
  ],
  [
    'a target for other sizes',
    { op: 'Reshape', inputs: [[16, 1, 32], ints(12, 4, 8)] },
    [16, 4, 8],
  ],
  [
    'a target that nothing explains',
    { op: 'Reshape', inputs: [[16, 1, 32], ints(12, 2, 32)] },
    [null, null, null],
  ],
  [
    'symbols cancel',
    { op: 'Reshape', inputs: [['b', 's', 32], ints(0, 0, 4, -1)] },
    ['b', 's', 4, 8],
  ],
  [
    'a target of known length only',
    { op: 'Reshape', inputs: [[4], of('int64', 3)] },
    [null, null, null],
  ],
  ['a symbol flattened', { op: 'Flatten', inputs: [['batch', 3, 4]] }, ['batch', 12]],
  [
    'the whole flattened',
    { op: 'Flatten', inputs: [[2, 3]], attributes: { axis: int(0) } },
    [1, 6],
  ],
  [
    'axes by attribute',
    { op: 'Squeeze', inputs: [[1, 3, 1]], attributes: { axes: intList(0) } },
    [3, 1],
  ],
  ['axes by input', { op: 'Squeeze', inputs: [[1, 3, 1], ints(-1)] }, [1, 3]],
  ['all that are 1', { op: 'Squeeze', inputs: [[1, 3, 1]] }, [3]],
  ['none where one may be 1', { op: 'Squeeze', inputs: [['batch', 1]] }, undefined],
  ['axes of the result', { op: 'Unsqueeze', inputs: [[3], ints(0, -1)] }, [1, 3, 1]],
  [
    'a start and an end',
    { op: 'Shape', inputs: [[2, 3, 4]], attributes: { start: int(1), end: int(-1) } },
    [1],
  ],
]);

check('operators that move and repeat elements', [
  [
    'an order',
    { op: 'Transpose', inputs: [['a', 2, 3]], attributes: { perm: intList(2, 0, 1) } },
    [3, 'a', 2],
  ],
  ['no order turns round', { op: 'Transpose', inputs: [[1, 2, 3]] }, [3, 2, 1]],
  [
    'joined',
    {
      op: 'Concat',
      inputs: [
        [2, 'n'],
        [3, 7],
      ],
      attributes: { axis: int(0) },
    },
    [5, 7],
  ],
  [
    'equal parts',
    { op: 'Split', inputs: [[2, 9]], attributes: { axis: int(1) }, outputs: 3 },
    [2, 3],
  ],
  [
    'parts that do not divide',
    { op: 'Split', inputs: [[7]], attributes: { num_outputs: int(2) }, outputs: 2 },
    [4],
  ],
  ['given parts', { op: 'Split', inputs: [[7], ints(2, 5)], outputs: 2 }, [2]],
  ['expanded both ways', { op: 'Expand', inputs: [[3, 1], ints(2, 1, 6)] }, [2, 3, 6]],
  ['repeated', { op: 'Tile', inputs: [[2, 'n'], ints(3, 1)] }, [6, 'n']],
  [
    'depth to space',
    { op: 'DepthToSpace', inputs: [[1, 8, 2, 3]], attributes: { blocksize: int(2) } },
    [1, 2, 4, 6],
  ],
  [
    'space to depth',
    { op: 'SpaceToDepth', inputs: [[1, 2, 4, 6]], attributes: { blocksize: int(2) } },
    [1, 8, 2, 3],
  ],
]);

check('operators that take elements out', [
  ['to the end', { op: 'Slice', inputs: [[10, 4], ints(2), ints(1000), ints(0)] }, [8, 4]],
  ['backwards', { op: 'Slice', inputs: [[10], ints(-1), ints(-1000), ints(0), ints(-3)] }, [4]],
  ['a symbol whole', { op: 'Slice', inputs: [['n'], ints(0), ints(2 ** 31 - 1), ints(0)] }, ['n']],
  ['a symbol cut', { op: 'Slice', inputs: [['n'], ints(1), ints(2 ** 31 - 1), ints(0)] }, [null]],
  [
    'attributes of old opsets',
    { op: 'Slice', inputs: [[9]], attributes: { starts: intList(1), ends: intList(4) } },
    [3],
  ],
  ['rows', { op: 'Gather', inputs: [[100, 8], of('int64', 'b', 's')] }, ['b', 's', 8]],
  [
    'one of an axis',
    { op: 'Gather', inputs: [[2, 7, 8], scalar(0)], attributes: { axis: int(1) } },
    [2, 8],
  ],
  ['by coordinates', { op: 'GatherND', inputs: [[2, 3, 4], of('int64', 5, 2)] }, [5, 4]],
  [
    'by coordinates in a batch',
    { op: 'GatherND', inputs: [[2, 3, 4], of('int64', 2, 1)], attributes: { batch_dims: int(1) } },
    [2, 4],
  ],
  ['the largest', { op: 'TopK', inputs: [[2, 9], ints(3)] }, [2, 3]],
  ['one-hot', { op: 'OneHot', inputs: [of('int64', 2), scalar(5), floats(0, 1)] }, [2, 5]],
  ['padded', { op: 'Pad', inputs: [[2, 3], ints(0, 1, 0, 2)] }, [2, 6]],
  ['padded along one axis', { op: 'Pad', inputs: [[2, 3], ints(1, 2), null, ints(-1)] }, [2, 6]],
  ['what is not zero', { op: 'NonZero', inputs: [[2, 3]] }, [2, null]],
  [
    'rows of a packed table',
    {
      op: 'GatherBlockQuantized',
      domain: ms,
      inputs: [of('uint8', 100, 16), of('int64', 'b', 's'), [100, 2]],
    },
    ['b', 's', 32],
  ],
]);

check('operators that bring axes together', [
  [
    'an axis kept as 1',
    { op: 'ReduceMean', inputs: [['b', 3, 4]], attributes: { axes: intList(-1) } },
    ['b', 3, 1],
  ],
  [
    'axes by input, dropped',
    { op: 'ReduceSum', inputs: [[2, 3, 4], ints(0, 2)], attributes: { keepdims: int(0) } },
    [3],
  ],
  ['no axes are all', { op: 'ReduceMax', inputs: [[2, 3]] }, [1, 1]],
  [
    'no axes are none',
    { op: 'ReduceSum', inputs: [[2, 3]], attributes: { noop_with_empty_axes: int(1) } },
    [2, 3],
  ],
  ['axes that depend on data', { op: 'ReduceSum', inputs: [[2, 1], of('int64', 1)] }, [null, 1]],
  [
    'the place of the largest',
    { op: 'ArgMax', inputs: [[2, 5]], attributes: { axis: int(1), keepdims: int(0) } },
    [2],
  ],
  ['space', { op: 'GlobalAveragePool', inputs: [['b', 8, 7, 7]] }, ['b', 8, 1, 1]],
]);

check('matrix products', [
  [
    'a batch',
    {
      op: 'MatMul',
      inputs: [
        ['b', 12, 's', 64],
        [64, 32],
      ],
    },
    ['b', 12, 's', 32],
  ],
  ['a vector on the left', { op: 'MatMul', inputs: [[4], [2, 4, 5]] }, [2, 5]],
  ['a vector on the right', { op: 'MatMul', inputs: [[2, 3, 4], [4]] }, [2, 3]],
  [
    'turned operands',
    {
      op: 'Gemm',
      inputs: [
        [4, 'b'],
        [8, 4],
      ],
      attributes: { transA: int(1), transB: int(1) },
    },
    ['b', 8],
  ],
  [
    'an equation',
    {
      op: 'Einsum',
      inputs: [
        ['b', 3, 4],
        [4, 5],
      ],
      attributes: { equation: text('bij,jk->bik') },
    },
    ['b', 3, 5],
  ],
  [
    'dots',
    {
      op: 'Einsum',
      inputs: [
        [2, 3, 4],
        [4, 5],
      ],
      attributes: { equation: text('...ij,jk') },
    },
    [2, 3, 5],
  ],
  [
    'fused and turned',
    {
      op: 'FusedMatMul',
      domain: ms,
      inputs: [
        [2, 3, 4],
        [2, 5, 4],
      ],
      attributes: { transB: int(1) },
    },
    [2, 3, 5],
  ],
  [
    'rows before the batch',
    {
      op: 'FusedMatMul',
      domain: ms,
      inputs: [
        [3, 2, 4],
        [2, 4, 5],
      ],
      attributes: { transBatchA: int(1) },
    },
    [2, 3, 5],
  ],
  [
    'packed in blocks',
    {
      op: 'MatMulNBits',
      domain: ms,
      inputs: [['b', 's', 64], of('uint8', 96, 2, 16), [192]],
      attributes: { K: int(64), N: int(96) },
    },
    ['b', 's', 96],
  ],
  [
    'of codes',
    {
      op: 'QLinearMatMul',
      inputs: [
        of('uint8', 2, 4),
        [],
        of('uint8'),
        of('int8', 4, 3),
        [],
        of('int8'),
        [],
        of('uint8'),
      ],
    },
    [2, 3],
  ],
]);

check('convolutions and pools', [
  [
    'strides and padding',
    {
      op: 'Conv',
      inputs: [
        ['b', 3, 224, 224],
        [64, 3, 7, 7],
      ],
      attributes: { strides: intList(2, 2), pads: intList(3, 3, 3, 3) },
    },
    ['b', 64, 112, 112],
  ],
  [
    'dilated',
    {
      op: 'Conv',
      inputs: [
        [1, 4, 10],
        [8, 2, 3],
      ],
      attributes: { dilations: intList(2), group: int(2) },
    },
    [1, 8, 6],
  ],
  [
    'as wide as before',
    {
      op: 'Conv',
      inputs: [
        [1, 1, 9],
        [1, 1, 4],
      ],
      attributes: { auto_pad: text('SAME_UPPER'), strides: intList(2) },
    },
    [1, 1, 5],
  ],
  [
    'a symbol that padding keeps',
    {
      op: 'Conv',
      inputs: [
        [1, 1, 'time'],
        [1, 1, 3],
      ],
      attributes: { pads: intList(1, 1) },
    },
    [1, 1, 'time'],
  ],
  [
    'a window that does not fit',
    {
      op: 'Conv',
      inputs: [
        [1, 1, 2],
        [1, 1, 3],
      ],
    },
    [1, 1, null],
  ],
  [
    'spread',
    {
      op: 'ConvTranspose',
      inputs: [
        [1, 8, 7, 7],
        [8, 2, 3, 3],
      ],
      attributes: {
        strides: intList(2, 2),
        pads: intList(1, 1, 1, 1),
        output_padding: intList(1, 1),
        group: int(2),
      },
    },
    [1, 4, 14, 14],
  ],
  [
    'rounded up',
    {
      op: 'MaxPool',
      inputs: [[1, 1, 6]],
      attributes: { kernel_shape: intList(3), strides: intList(2), ceil_mode: int(1) },
    },
    [1, 1, 3],
  ],
  [
    'none begins in the padding',
    {
      op: 'MaxPool',
      inputs: [[1, 1, 2]],
      attributes: { kernel_shape: intList(1), strides: intList(2), ceil_mode: int(1) },
    },
    [1, 1, 1],
  ],
  [
    'channels last',
    {
      op: 'NhwcConv',
      domain: ms,
      inputs: [
        [1, 8, 8, 3],
        [16, 3, 3, 3],
      ],
    },
    [1, 6, 6, 16],
  ],
]);

check('resampling', [
  [
    'by a factor',
    { op: 'Resize', inputs: [[1, 3, 10, 10], null, floats(1, 1, 0.6, 2)] },
    [1, 3, 6, 20],
  ],
  [
    'to sizes',
    { op: 'Resize', inputs: [[1, 3, 10, 10], null, null, ints(1, 3, 7, 9)] },
    [1, 3, 7, 9],
  ],
  [
    'by the factors of opset 10',
    { op: 'Resize', inputs: [[1, 2, 4], floats(1, 1, 2)], opset: 10 },
    [1, 2, 8],
  ],
  [
    'some axes',
    { op: 'Resize', inputs: [['b', 3, 4], null, null, ints(8)], attributes: { axes: intList(-1) } },
    ['b', 3, 8],
  ],
]);

check('recurrence', [
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

test('element types that an operator decides', () => {
  const type = (node: NodeCase) => outputTypes(node)[0]?.dtype;
  assert.equal(type({ op: 'Less', inputs: [[2], [2]] }), 'bool');
  assert.equal(type({ op: 'Cast', inputs: [[2]], attributes: { to: int(7) } }), 'int64');
  assert.equal(type({ op: 'CastLike', inputs: [[2], of('float16', 1)] }), 'float16');
  assert.equal(type({ op: 'QuantizeLinear', inputs: [[2], [], of('int4')] }), 'int4');
  assert.equal(type({ op: 'QuantizeLinear', inputs: [[2], []] }), 'uint8');
  assert.equal(type({ op: 'DequantizeLinear', inputs: [of('int8', 2), of('float16')] }), 'float16');
  assert.equal(
    type({ op: 'MatMulInteger', inputs: [of('uint8', 2, 2), of('int8', 2, 2)] }),
    'int32',
  );
  assert.equal(type({ op: 'ArgMax', inputs: [[2]] }), 'int64');
  assert.equal(
    type({
      op: 'MatMulIntegerToFloat',
      domain: ms,
      inputs: [of('uint8', 2, 2), of('int8', 2, 2), [], []],
    }),
    'float32',
  );
});

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
