import { checkShapes, intList, ints } from '../../../support/inferring';

const floats = (...values: number[]) => ({ dtype: 'float32', values }) as const;

checkShapes('resampling', [
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
