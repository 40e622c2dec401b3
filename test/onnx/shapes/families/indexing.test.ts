import { checkShapes, int, intList, ints, of, scalar } from '../../../support/inferring';

const ms = 'com.microsoft';
const floats = (...values: number[]) => ({ dtype: 'float32', values }) as const;

checkShapes('operators that take elements out', [
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
