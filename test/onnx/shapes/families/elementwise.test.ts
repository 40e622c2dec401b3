import { checkShapes, of } from '../../../support/inferring';

checkShapes('elementwise operators broadcast', [
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
