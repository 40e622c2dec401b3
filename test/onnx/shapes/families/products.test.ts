import { checkShapes, int, of, text } from '../../../support/inferring';

const ms = 'com.microsoft';

checkShapes('matrix products', [
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
