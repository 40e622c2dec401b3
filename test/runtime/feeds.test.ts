import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexGraph } from '../../src/onnx/graph';
import type { Graph } from '../../src/onnx/model';
import { resolveSizes, type SizeRequest } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { syntheticFeeds } from '../../src/runtime/feeds';
import type { RunTensor } from '../../src/runtime/runner';
import { aModel, aNode, aTensor, aValue } from '../support/build';

const int = (value: number) => ({ kind: 'int', value: BigInt(value) }) as const;

function feedsFor(graph: Partial<Graph>, request: SizeRequest = {}, seed = 1) {
  const model = aModel(graph);
  const index = indexGraph(model);
  const sizes = resolveSizes(model, request);
  return syntheticFeeds(index, inferShapes(index, sizes), sizes, seed);
}

const numbers = (tensor: RunTensor | undefined) =>
  Array.from(tensor?.data as unknown as ArrayLike<number | bigint>, Number);

const table = (name: string, rows: number) =>
  aTensor(name, 'float32', [rows, 4], new Float32Array(rows * 4));

test('token ids stay inside the table they index, through casts and shapes', () => {
  const { ids } = feedsFor(
    {
      nodes: [
        aNode('Cast', ['ids'], ['wide'], { to: int(7) }),
        aNode('Unsqueeze', ['wide', 'axis'], ['more']),
        aNode('Gather', ['words', 'more'], ['y']),
      ],
      initializers: [table('words', 7), aTensor('axis', 'int64', [1], [0])],
      inputs: [aValue('ids', 'int32', ['batch', 'sequence'])],
      outputs: [aValue('y', 'float32')],
    },
    { dims: { batch: 3, sequence: 200 } },
  );
  assert.deepEqual(ids!.shape, [3, 200]);
  const values = numbers(ids);
  assert.ok(values.every((value) => value >= 0 && value < 7));
  assert.equal(new Set(values).size, 7, 'all of the vocabulary turns up');
});

test('the smallest of several tables decides', () => {
  const { ids } = feedsFor({
    nodes: [aNode('Gather', ['large', 'ids'], ['a']), aNode('Gather', ['small', 'ids'], ['b'])],
    initializers: [table('large', 500), table('small', 3)],
    inputs: [aValue('ids', 'int64', [100])],
    outputs: [aValue('a', 'float32'), aValue('b', 'float32')],
  });
  assert.ok(numbers(ids).every((value) => value < 3));
});

test('a table that is computed, as from 8-bit weights, counts by its shape', () => {
  const { tokens } = feedsFor({
    nodes: [
      aNode('DequantizeLinear', ['q', 's'], ['words']),
      aNode('Gather', ['words', 'tokens'], ['y']),
    ],
    initializers: [
      aTensor('q', 'uint8', [5, 4], new Uint8Array(20)),
      aTensor('s', 'float32', [], [1]),
    ],
    inputs: [aValue('tokens', 'int64', [64])],
    outputs: [aValue('y', 'float32')],
  });
  const values = numbers(tokens);
  assert.ok(Math.max(...values) === 4 && Math.min(...values) === 0);
});

test('ids inside a body are bounded too', () => {
  const body = aModel({
    nodes: [aNode('Gather', ['words', 'ids'], ['r'])],
    outputs: [aValue('r', 'float32')],
  }).graph;
  const { ids } = feedsFor({
    nodes: [
      aNode('If', ['flag'], ['y'], {
        then_branch: { kind: 'graph', value: body },
        else_branch: { kind: 'graph', value: body },
      }),
    ],
    initializers: [table('words', 2)],
    inputs: [aValue('flag', 'bool', []), aValue('ids', 'int64', [50])],
    outputs: [aValue('y', 'float32')],
  });
  assert.ok(numbers(ids).every((value) => value < 2));
});

test('positions count up, token types and states are zeros, masks are ones', () => {
  const feeds = feedsFor(
    {
      nodes: [
        aNode('Gather', ['p', 'position_ids'], ['a']),
        aNode('Gather', ['t', 'token_type_ids'], ['b']),
        aNode('Identity', ['attention_mask'], ['c']),
        aNode('Identity', ['past_key'], ['d']),
        aNode('Identity', ['use_cache'], ['e']),
        aNode('Identity', ['train'], ['f']),
      ],
      initializers: [table('p', 6), table('t', 2)],
      inputs: [
        aValue('position_ids', 'int64', ['batch', 'sequence']),
        aValue('token_type_ids', 'int64', ['batch', 'sequence']),
        aValue('attention_mask', 'int64', ['batch', 'sequence']),
        aValue('past_key', 'float16', ['batch', 2, 3]),
        aValue('use_cache', 'bool', []),
        aValue('train', 'bool', []),
      ],
      outputs: ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => aValue(name, 'float32')),
    },
    { dims: { batch: 2, sequence: 8 } },
  );
  assert.deepEqual(numbers(feeds['position_ids']).slice(0, 8), [0, 1, 2, 3, 4, 5, 0, 1]);
  assert.deepEqual(new Set(numbers(feeds['token_type_ids'])), new Set([0]));
  assert.deepEqual(new Set(numbers(feeds['attention_mask'])), new Set([1]));
  assert.deepEqual(new Set(numbers(feeds['past_key'])), new Set([0]));
  assert.deepEqual(numbers(feeds['use_cache']), [0], 'there is nothing in the cache yet');
  assert.deepEqual(numbers(feeds['train']), [1]);
});

test('what an LSTM remembers starts at zero, whatever it is called', () => {
  const feeds = feedsFor({
    nodes: [aNode('LSTM', ['x', 'w', 'r', '', '', 'q17', 'q18'], ['y'], { hidden_size: int(2) })],
    initializers: [
      aTensor('w', 'float32', [1, 8, 3], new Float32Array(24)),
      aTensor('r', 'float32', [1, 8, 2], new Float32Array(16)),
    ],
    inputs: ['x', 'q17', 'q18'].map((name) =>
      aValue(name, 'float32', name === 'x' ? [5, 1, 3] : [1, 1, 2]),
    ),
    outputs: [aValue('y', 'float32')],
  });
  assert.deepEqual(numbers(feeds['q17']), [0, 0]);
  assert.ok(numbers(feeds['x']).every((value) => value !== 0));
});

test('images are normal numbers, the same for the same seed', () => {
  const graph = {
    nodes: [aNode('Relu', ['image'], ['y'])],
    inputs: [aValue('image', 'float32', ['batch', 3, 32, 32])],
    outputs: [aValue('y', 'float32')],
  };
  const values = numbers(feedsFor(graph, {}, 7)['image']);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  assert.ok(Math.abs(mean) < 0.06 && Math.abs(deviation - 1) < 0.05, `${mean} ${deviation}`);
  assert.deepEqual(numbers(feedsFor(graph, {}, 7)['image']), values);
  assert.notDeepEqual(numbers(feedsFor(graph, {}, 8)['image']), values);
});

test('initializers listed as inputs are not fed', () => {
  const feeds = feedsFor({
    nodes: [aNode('Add', ['x', 'w'], ['y'])],
    initializers: [aTensor('w', 'float32', [1], [1])],
    inputs: [aValue('x', 'float32', [1]), aValue('w', 'float32', [1])],
    outputs: [aValue('y', 'float32')],
  });
  assert.deepEqual(Object.keys(feeds), ['x']);
});
