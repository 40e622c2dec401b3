import { checkShapes, int, intList, ints, of } from '../../../support/inferring';

checkShapes('operators that give a tensor another shape', [
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
