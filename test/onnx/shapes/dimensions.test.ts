import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUserError, messageOf } from '../../../src/base/errors';
import type { ValueInfo } from '../../../src/onnx/model';
import { dimensionsOf, resolveSizes } from '../../../src/onnx/shapes/dimensions';
import { aModel, aNode, aTensor, aValue } from '../../support/build';

const model = (...inputs: ValueInfo[]) => aModel({ inputs });
const brief = (...inputs: ValueInfo[]) =>
  dimensionsOf(model(...inputs)).map(({ symbol, role, size }) => `${symbol} ${role} ${size}`);

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(isUserError(error) && error.code === 'badInput', String(error));
    return messageOf(error);
  }
  return assert.fail('nothing was refused');
}

const bert = model(
  aValue('input_ids', 'int64', ['s18', 's41']),
  aValue('attention_mask', 'int64', ['s43', 's41']),
);

test('roles by name, whatever is named', () => {
  assert.deepEqual(brief(aValue('x', 'float32', ['batch', 'seq_len', 64])), [
    'batch batch 1',
    'seq_len sequence 128',
  ]);
  assert.deepEqual(brief(aValue('x', 'float32', ['N', 3, 'height', 'width'])), [
    'N batch 1',
    'height other 224',
    'width other 224',
  ]);
});

test('roles by place and type where names say nothing', () => {
  assert.deepEqual(
    dimensionsOf(bert).map((each) => `${each.symbol} ${each.role}`),
    ['s18 batch', 's41 sequence', 's43 batch'],
  );
  assert.deepEqual(brief(aValue('image', 'float32', [null, 3, null, null])), [
    'image.0 batch 1',
    'image.2 other 224',
    'image.3 other 224',
  ]);
  assert.deepEqual(brief(aValue('image', 'float32', ['d0', 'd1', 'd2', 3])), [
    'd0 batch 1',
    'd1 other 224',
    'd2 other 224',
  ]);
  assert.deepEqual(brief(aValue('features', 'float32', ['d0', 80, 'd2'])), [
    'd0 batch 1',
    'd2 sequence 128',
  ]);
  assert.deepEqual(brief(aValue('speech', 'float32', ['d0', 'd1'])), [
    'd0 batch 1',
    'd1 sequence 16000',
  ]);
  assert.deepEqual(
    brief(aValue('x', 'float32', ['d0', 'd1']), aValue('state', 'float32', [2, 'd5', 128])),
    ['d0 batch 1', 'd1 sequence 16000', 'd5 batch 1'],
  );
});

test('caches start empty, and masks span cache and tokens', () => {
  const decoder = model(
    aValue('ids', 'int64', ['a', 'b']),
    aValue('mask', 'int64', ['a', 'c']),
    aValue('past.0.key', 'float32', ['a', 8, 'd', 64]),
  );
  assert.deepEqual(
    dimensionsOf(decoder).map(({ symbol, size }) => [symbol, size]),
    [
      ['a', 1],
      ['b', 128],
      ['c', 128],
      ['d', 0],
    ],
  );
  const { sizes } = resolveSizes(decoder, { dims: { sequence: 1, past: 99 } });
  assert.equal(sizes.get('c'), 100);
});

test('a dimension that follows from others is not asked for', () => {
  const decoder = model(
    aValue('ids', 'int64', ['batch', 'seq']),
    aValue('mask', 'int64', ['batch', 'past + seq']),
    aValue('past.0.key', 'float32', ['batch', 8, 'past', 64]),
  );
  assert.deepEqual(
    dimensionsOf(decoder).map((each) => each.symbol),
    ['batch', 'seq', 'past'],
  );
  const { inputShapes } = resolveSizes(decoder, { dims: { seq: 3, past: 4 } });
  assert.deepEqual(inputShapes.get('mask'), [1, 7]);
});

test('audio is as long as the model can take', () => {
  const filter = (size: number) =>
    aTensor('w', 'float32', [1, 1, size], new Array<number>(size).fill(1));
  const listener = (size: number) =>
    aModel({
      nodes: [aNode('Conv', ['sound', 'w'], ['y']), aNode('MatMul', ['y', 'v'], ['z'])],
      initializers: [filter(size), aTensor('v', 'float32', [57, 1], new Array<number>(57).fill(1))],
      inputs: [aValue('sound', 'float32', ['batch', 1, 'sequence'])],
    });
  // Only 57 windows of 200 samples fit the matrix after them.
  assert.equal(dimensionsOf(listener(200))[1]?.size, 256);
  assert.deepEqual(resolveSizes(listener(200), { dims: { sequence: 300 } }).named, {
    batch: 1,
    sequence: 300,
  });
  const free = aModel({ ...listener(200).graph, nodes: [aNode('Conv', ['sound', 'w'], ['y'])] });
  assert.equal(dimensionsOf(free)[1]?.size, 16_000);
});

test('no more tokens than the table of positions has', () => {
  const table = aTensor('table', 'float32', [30, 4], new Array<number>(120).fill(1));
  const encoder = aModel({
    nodes: [
      aNode('Shape', ['ids'], ['shape']),
      aNode('Gather', ['shape', 'one'], ['length']),
      aNode('Range', ['zero', 'length', 'one'], ['places']),
      aNode('Gather', ['table', 'places'], ['y']),
    ],
    initializers: [table, aTensor('zero', 'int64', [], [0]), aTensor('one', 'int64', [], [1])],
    inputs: [aValue('ids', 'int64', ['batch', 'sequence'])],
  });
  assert.deepEqual(resolveSizes(encoder).named, { batch: 1, sequence: 30 });
  assert.deepEqual(resolveSizes(encoder, { dims: { sequence: 99 } }).named, {
    batch: 1,
    sequence: 99,
  });
});

test('a mask of the past and one more is as long as past and tokens', () => {
  const decoder = model(
    aValue('ids', 'int64', ['batch', 'seq']),
    aValue('mask', 'int64', ['batch', 'past + 1']),
    aValue('past.0.key', 'float32', ['batch', 8, 'past', 64]),
  );
  const { inputShapes } = resolveSizes(decoder, { dims: { seq: 3, past: 4 } });
  assert.deepEqual(inputShapes.get('mask'), [1, 7]);
});

test('a role sets every symbol that has it, a symbol only itself', () => {
  const byRole = resolveSizes(bert, { dims: { batch: 4, sequence: 16 } });
  assert.deepEqual(
    [...byRole.sizes],
    [
      ['s18', 4],
      ['s41', 16],
      ['s43', 4],
    ],
  );
  assert.deepEqual(byRole.named, { batch: 4, sequence: 16 });
  const bySymbol = resolveSizes(bert, { dims: { s18: 2 } });
  assert.deepEqual(bySymbol.named, { s18: 2, sequence: 128, s43: 1 });
});

test('a shape sets the symbols it stands for', () => {
  const { sizes, inputShapes } = resolveSizes(bert, { shapes: { input_ids: [3, 9] } });
  assert.equal(sizes.get('s41'), 9);
  assert.deepEqual(inputShapes.get('attention_mask'), [1, 9]);
});

test('weights listed as inputs are not asked for', () => {
  const old = aModel({
    inputs: [aValue('x', 'float32', ['n', 4]), aValue('w', 'float32', [4, 4])],
    initializers: [aTensor('w', 'float32', [4, 4], Array<number>(16).fill(0))],
  });
  assert.deepEqual([...resolveSizes(old).inputShapes.keys()], ['x']);
});

test('what does not fit is refused in one line that says what there is', () => {
  assert.equal(
    refusal(() => resolveSizes(bert, { dims: { tokens: 3 } })),
    'The model has no dimension "tokens": it has s18 (batch), s41 (sequence), s43 (batch).',
  );
  assert.match(
    refusal(() => resolveSizes(model(aValue('x', 'float32', [2])), { dims: { batch: 3 } })),
    /all its sizes are fixed/,
  );
  assert.match(
    refusal(() => resolveSizes(bert, { dims: { batch: 0 } })),
    /at least 1/,
  );
  assert.match(
    refusal(() => resolveSizes(bert, { dims: { batch: 1.5 } })),
    /whole number/,
  );
  assert.match(
    refusal(() => resolveSizes(bert, { shapes: { input_ids: [1, 2, 3] } })),
    /takes 2 dimensions \[s18, s41\]/,
  );
  assert.match(
    refusal(() => resolveSizes(bert, { shapes: { ids: [1, 2] } })),
    /has no input "ids": it has input_ids/,
  );
  assert.match(
    refusal(() => resolveSizes(model(aValue('x', 'float32', [2])), { shapes: { x: [3] } })),
    /fixes it to 2/,
  );
  assert.match(
    refusal(() => resolveSizes(bert, { dims: { s41: 5 }, shapes: { input_ids: [1, 6] } })),
    /s41/,
  );
});
