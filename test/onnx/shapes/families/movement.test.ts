import { checkShapes, int, intList, ints } from '../../../support/inferring';

checkShapes('operators that move and repeat elements', [
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
