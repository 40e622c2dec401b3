import { checkShapes, int, intList, ints, of } from '../../../support/inferring';

checkShapes('operators that bring axes together', [
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
