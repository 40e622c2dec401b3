import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexGraph } from '../../../src/onnx/graph';
import type { Node } from '../../../src/onnx/model';
import { inferShapes } from '../../../src/onnx/shapes/infer';
import { aModel, aNode, aTensor, aValue } from '../../support/build';
import { int } from '../../support/inferring';

/** Shapes computed from shapes, the way exporters write them. */

const constants = [
  aTensor('zero', 'int64', [], [0]),
  aTensor('one', 'int64', [], [1]),
  aTensor('two', 'int64', [], [2]),
  aTensor('zeros', 'int64', [1], [0]),
  aTensor('ones', 'int64', [1], [1]),
  aTensor('minus', 'int64', [1], [-1]),
  aTensor('half', 'float32', [], [0.5]),
  aTensor('all', 'int64', [1], [2 ** 53]),
  aTensor('axis0', 'int64', [1], [0]),
  aTensor('size', 'int64', [1], [32]),
];

function known(
  nodes: readonly Node[],
  shape: readonly (string | number)[],
  sizes: Record<string, number> = {},
) {
  const model = aModel({ nodes, initializers: constants, inputs: [aValue('x', 'float32', shape)] });
  const index = indexGraph(model);
  const shapes = inferShapes(index, { sizes: new Map(Object.entries(sizes)) });
  return {
    shape: (name: string) => shapes.typeOf(index.main, name)?.shape,
    value: (name: string) => shapes.constantOf(index.main, name),
  };
}

const batchOf = [
  aNode('Shape', ['x'], ['shape']),
  aNode('Gather', ['shape', 'zero'], ['batch']),
  aNode('Gather', ['shape', 'one'], ['length']),
  aNode('Unsqueeze', ['batch', 'axis0'], ['batch1']),
  aNode('Unsqueeze', ['length', 'axis0'], ['length1']),
];

test('a target put together from a shape keeps its symbols', () => {
  const { shape } = known(
    [
      ...batchOf,
      aNode('Concat', ['batch1', 'length1', 'minus', 'size'], ['target'], { axis: int(0) }),
      aNode('Reshape', ['x', 'target'], ['y']),
    ],
    ['b', 's', 64],
  );
  assert.deepEqual(shape('y'), ['b', 's', 2, 32]);
});

test('with sizes every symbol is a number', () => {
  const { shape, value } = known(
    [
      ...batchOf,
      aNode('Mul', ['batch', 'length'], ['tokens']),
      aNode('Range', ['zero', 'length', 'one'], ['places']),
    ],
    ['b', 's', 64],
    { b: 2, s: 5 },
  );
  assert.deepEqual(value('tokens'), [10]);
  assert.deepEqual(value('places'), [0, 1, 2, 3, 4]);
  assert.deepEqual(shape('x'), [2, 5, 64]);
});

test('a piece that depends on the data leaves a gap, and what is left over fills it', () => {
  const { shape } = known(
    [
      aNode('NonZero', ['x'], ['found']),
      aNode('Shape', ['found'], ['foundShape']),
      aNode('Gather', ['foundShape', 'one'], ['count']),
      aNode('Unsqueeze', ['count', 'axis0'], ['count1']),
      aNode('Concat', ['count1', 'size'], ['target'], { axis: int(0) }),
      aNode('Reshape', ['x', 'target'], ['y']),
    ],
    [4, 64],
  );
  assert.deepEqual(shape('y'), [8, 32]);
});

test('-1 in a target of Expand is replaced where the exporter wrote Where and Equal', () => {
  const { shape } = known(
    [
      ...batchOf,
      aNode('Concat', ['batch1', 'minus', 'size'], ['wanted'], { axis: int(0) }),
      aNode('Shape', ['wanted'], ['wantedShape']),
      aNode('ConstantOfShape', ['wantedShape'], ['filled'], {
        value: { kind: 'tensor', value: constants[4]! },
      }),
      aNode('Equal', ['wanted', 'minus'], ['open']),
      aNode('Where', ['open', 'filled', 'wanted'], ['target']),
      aNode('Expand', ['ones', 'target'], ['y']),
    ],
    ['b', 's'],
  );
  assert.deepEqual(shape('y'), ['b', 1, 32]);
});

test('sizes computed in floats', () => {
  const { value } = known(
    [
      ...batchOf,
      aNode('Cast', ['length'], ['lengthF'], { to: int(1) }),
      aNode('Mul', ['lengthF', 'half'], ['halfF']),
      aNode('Floor', ['halfF'], ['floorF']),
      aNode('Cast', ['floorF'], ['result'], { to: int(7) }),
      aNode('Div', ['length', 'two'], ['divided']),
      aNode('Mod', ['length', 'two'], ['rest']),
    ],
    [1, 7],
  );
  assert.deepEqual([value('result'), value('divided'), value('rest')], [[3], [3], [1]]);
});

test('indices found in a tensor of ones, however long', () => {
  const { shape } = known(
    [
      ...batchOf,
      aNode('ConstantOfShape', ['length1'], ['filled'], {
        value: { kind: 'tensor', value: constants[4]! },
      }),
      aNode('NonZero', ['filled'], ['found']),
      aNode('Transpose', ['found'], ['column']),
    ],
    [1, 5000],
  );
  assert.deepEqual(shape('column'), [5000, 1]);
});

test('the pads that exporters compute by turning pairs round', () => {
  const pads = aTensor('pads', 'int64', [4], [1, 2, 3, 4]);
  const pairs = aTensor('pairs', 'int64', [2], [-1, 2]);
  const low = aTensor('low', 'int64', [1], [-(2 ** 53)]);
  const flat = [
    aNode('Reshape', ['pads', 'pairs'], ['table']),
    aNode('Slice', ['table', 'minus', 'low', 'axis0', 'minus'], ['reversed']),
    aNode('Transpose', ['reversed'], ['turned']),
    aNode('Reshape', ['turned', 'minus'], ['result']),
    aNode('Pad', ['x', 'result'], ['y']),
  ];
  const model = aModel({
    nodes: flat,
    initializers: [...constants, pads, pairs, low],
    inputs: [aValue('x', 'float32', [1, 1])],
  });
  const index = indexGraph(model);
  const shapes = inferShapes(index, { sizes: new Map() });
  assert.deepEqual(shapes.constantOf(index.main, 'result'), [3, 1, 4, 2]);
  assert.deepEqual(shapes.typeOf(index.main, 'y')?.shape, [8, 4]);
});
