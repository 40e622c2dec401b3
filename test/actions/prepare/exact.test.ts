import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySteps } from '../../../src/build/apply';
import { indexGraph } from '../../../src/onnx/graph';
import type { AttributeValue, Graph, Model, Node } from '../../../src/onnx/model';
import type { Feeds } from '../../../src/runtime/runner';
import { aGraph, aModel, aNode, aTensor, aValue } from '../../support/build';
import { assertEqualAfter, opsOf, someFloats, step } from '../../support/equal';

/** Small models made for one pattern each, and models that are nearly it. */

const wave = (count: number, phase = 1) =>
  Array.from({ length: count }, (_, i) => Math.sin(phase + i * 0.7));
const int = (value: number): AttributeValue => ({ kind: 'int', value: BigInt(value) });
const ints = (...values: number[]): AttributeValue => ({ kind: 'ints', value: values.map(BigInt) });
const float = (value: number): AttributeValue => ({ kind: 'float', value });
const floats = (...values: number[]): AttributeValue => ({ kind: 'floats', value: values });
const matrix = (name: string, rows: number, columns: number, phase = 1) =>
  aTensor(name, 'float32', [rows, columns], wave(rows * columns, phase));
const integers = (name: string, ...values: number[]) =>
  aTensor(name, 'int64', [values.length], values);
const scalar = (name: string, value: number) => aTensor(name, 'int64', [], [value]);

const modelOf = (graph: Partial<Graph>, opset = 17): Model =>
  aModel({ outputs: [aValue('y', 'float32')], ...graph }, { opsets: new Map([['', opset]]) });
const x = (...shape: (number | string)[]) => [aValue('x', 'float32', shape)];

const old = (
  nodes: readonly Node[],
  input: readonly number[],
  initializers: Graph['initializers'] = [],
) => ({
  model: (opset: number) => modelOf({ nodes, inputs: x(...input), initializers }, opset),
  feeds: { x: someFloats(input) },
});

/** What an operator set wrote in another way, and its number. */
const outdated: Record<string, readonly [number, ReturnType<typeof old>]> = {
  'Slice with attributes': [
    9,
    old(
      [aNode('Slice', ['x'], ['y'], { starts: ints(1, 0), ends: ints(3, -1), axes: ints(0, 2) })],
      [4, 3, 5],
    ),
  ],
  'Softmax over several axes': [11, old([aNode('Softmax', ['x'], ['y'])], [2, 3, 4])],
  'Softmax over the last of two axes': [
    11,
    old([aNode('Softmax', ['x'], ['y'], { axis: int(1) })], [2, 3]),
  ],
  'Squeeze and Unsqueeze': [
    11,
    old(
      [
        aNode('Unsqueeze', ['x'], ['h'], { axes: ints(0, 3) }),
        aNode('Squeeze', ['h'], ['y'], { axes: ints(0) }),
      ],
      [2, 3],
    ),
  ],
  'ReduceSum with axes': [
    11,
    old([aNode('ReduceSum', ['x'], ['y'], { axes: ints(1), keepdims: int(0) })], [2, 3]),
  ],
  'Clip with limits': [
    9,
    old([aNode('Clip', ['x'], ['y'], { min: float(-0.5), max: float(0.25) })], [2, 3]),
  ],
  'Clip with one limit': [9, old([aNode('Clip', ['x'], ['y'], { max: float(0.25) })], [2, 3])],
  'Pad with a value': [
    9,
    old([aNode('Pad', ['x'], ['y'], { pads: ints(0, 1, 2, 0), value: float(3) })], [2, 3]),
  ],
  'Upsample to the nearest': [
    9,
    old(
      [aNode('Upsample', ['x', 's'], ['y'])],
      [1, 2, 3, 3],
      [aTensor('s', 'float32', [4], [1, 1, 2, 3])],
    ),
  ],
  'Upsample in a line': [
    8,
    old(
      [
        aNode('Upsample', ['x'], ['y'], {
          scales: floats(1, 1, 2, 2),
          mode: { kind: 'string', value: new TextEncoder().encode('linear') },
        }),
      ],
      [1, 2, 3, 3],
    ),
  ],
  'Dropout with a ratio': [9, old([aNode('Dropout', ['x'], ['y'], { ratio: float(0.3) })], [2, 3])],
  'Split with sizes': [
    11,
    old(
      [
        aNode('Split', ['x'], ['a', 'b'], { axis: int(1), split: ints(1, 2) }),
        aNode('Mul', ['a', 'b'], ['y']),
      ],
      [2, 3],
    ),
  ],
  'TopK with a number': [9, old([aNode('TopK', ['x'], ['y', 'i'], { k: int(2) })], [2, 5])],
};

for (const [name, [opset, { model, feeds }]] of Object.entries(outdated)) {
  test(`the operator set is raised: ${name}`, async () => {
    for (const version of ['13', '17', '21']) {
      const applied = await assertEqualAfter(
        model(opset),
        [step('convertOpset', { version })],
        feeds,
      );
      assert.equal(applied.index.model.opsets.get(''), Number(version));
    }
  });
}

test('what a newer operator set cannot say is refused by name', async () => {
  const { model } = old(
    [aNode('Dropout', ['x'], ['h', 'mask']), aNode('Mul', ['h', 'mask'], ['y'])],
    [2, 3],
  );
  await assert.rejects(
    applySteps(indexGraph(model(8)), [step('convertOpset')]),
    /'h' \(Dropout\) gives out a mask/,
  );
  await assert.rejects(
    applySteps(indexGraph(model(6)), [step('convertOpset')]),
    /operator set 6; only 7/,
  );
});

test('a newer model and imports in use stay', async () => {
  const model = modelOf(
    { nodes: [aNode('Gelu', ['x'], ['y'], {}, { domain: 'com.microsoft' })], inputs: x(2) },
    18,
  );
  const opsets = new Map([...model.opsets, ['com.microsoft', 1], ['of.nobody', 1]] as const);
  const applied = await assertEqualAfter({ ...model, opsets }, [step('convertOpset')], {
    x: someFloats([2]),
  });
  assert.deepEqual([...applied.index.model.opsets.keys()], ['', 'com.microsoft']);
});

interface Case {
  readonly graph: Partial<Graph>;
  readonly feeds: Feeds;
  readonly left: readonly string[];
}

const reshaped: Partial<Graph> = {
  inputs: x('batch', 'length', 6),
  nodes: [
    aNode('Shape', ['x'], ['shape']),
    aNode('Gather', ['shape', 'zero'], ['b']),
    aNode('Gather', ['shape', 'one'], ['l']),
    aNode('Unsqueeze', ['b', 'axis'], ['b1']),
    aNode('Unsqueeze', ['l', 'axis'], ['l1']),
    aNode('Concat', ['b1', 'l1', 'heads', 'size'], ['target'], { axis: int(0) }),
    aNode('Reshape', ['x', 'target'], ['y']),
  ],
  initializers: [
    scalar('zero', 0),
    scalar('one', 1),
    ...[integers('axis', 0), integers('heads', 2), integers('size', 3)],
  ],
};
const turned: Partial<Graph> = {
  inputs: x(2, 4),
  nodes: [aNode('Transpose', ['w'], ['wt']), aNode('MatMul', ['x', 'wt'], ['y'])],
  initializers: [matrix('w', 3, 4)],
};

const folding: Record<string, Case> = {
  'shapes that copy their input’s': {
    graph: reshaped,
    feeds: { x: someFloats([2, 3, 6]) },
    left: ['Reshape'],
  },
  'a transposed weight': { graph: turned, feeds: { x: someFloats([2, 4]) }, left: ['MatMul'] },
  'a weight made of a sum': {
    graph: {
      inputs: x(2, 3),
      nodes: [aNode('Add', ['a', 'b'], ['w']), aNode('MatMul', ['x', 'w'], ['y'])],
      initializers: [matrix('a', 3, 4), matrix('b', 1, 4, 2)],
    },
    ...{ feeds: { x: someFloats([2, 3]) }, left: ['MatMul'] },
  },
  'dead nodes': {
    graph: { inputs: x(2), nodes: [aNode('Neg', ['x'], ['dead']), aNode('Abs', ['x'], ['y'])] },
    ...{ feeds: { x: someFloats([2]) }, left: ['Abs'] },
  },
  'nothing of what a graph gives out': {
    graph: {
      ...turned,
      nodes: turned.nodes!.slice(0, 1),
      outputs: [aValue('wt', 'float32')],
      inputs: [],
    },
    ...{ feeds: {}, left: ['Transpose'] },
  },
  'nothing that packed storage unpacks': {
    graph: {
      inputs: x(2, 24),
      nodes: [aNode('Mul', ['codes', 'scale'], ['w']), aNode('MatMul', ['x', 'w'], ['y'])],
      initializers: [matrix('codes', 24, 1), matrix('scale', 1, 24)],
    },
    ...{ feeds: { x: someFloats([2, 24]) }, left: ['Mul', 'MatMul'] },
  },
};

for (const [name, { graph, feeds, left }] of Object.entries(folding)) {
  test(`constants fold: ${name}`, async () => {
    const applied = await assertEqualAfter(modelOf(graph), [step('foldConstants')], feeds);
    assert.deepEqual(opsOf(applied), left);
  });
}

test('a weight that is read both ways stays stored once', async () => {
  const nodes = [
    aNode('Transpose', ['w'], ['wt']),
    ...[aNode('MatMul', ['x', 'wt'], ['h']), aNode('MatMul', ['h', 'w'], ['y'])],
  ];
  const graph = { inputs: x(2, 40), nodes, initializers: [matrix('w', 30, 40)] };
  const applied = await assertEqualAfter(modelOf(graph), [step('foldConstants')], {
    x: someFloats([2, 40]),
  });
  assert.deepEqual(opsOf(applied), ['Transpose', 'MatMul', 'MatMul']);
});

/** Linear layers over a sequence whose first position is read at the end. */
const reading = (nodes: readonly Node[], index = 0): Partial<Graph> => ({
  inputs: x('batch', 'length', 4),
  nodes,
  initializers: [
    matrix('w', 4, 4),
    matrix('v', 4, 4, 3),
    scalar('place', index),
    integers('target', 0, 0, 2, 2),
  ],
});
const reader = aNode('Gather', ['h', 'place'], ['y'], { axis: int(1) });

const unread: Record<string, Case> = {
  'through products and sums': {
    graph: reading([aNode('MatMul', ['x', 'w'], ['a']), aNode('Add', ['a', 'x'], ['h']), reader]),
    ...{ feeds: { x: someFloats([2, 3, 4]) }, left: ['Gather', 'MatMul', 'Add', 'Gather'] },
  },
  'the last position, through a reshape': {
    graph: reading(
      [aNode('MatMul', ['x', 'w'], ['a']), aNode('Reshape', ['a', 'target'], ['h']), reader],
      -1,
    ),
    ...{ feeds: { x: someFloats([2, 3, 4]) }, left: ['Gather', 'MatMul', 'Reshape', 'Gather'] },
  },
  'up to what others read whole': {
    graph: {
      ...reading([
        aNode('MatMul', ['x', 'w'], ['a']),
        ...[aNode('MatMul', ['a', 'v'], ['h']), reader, aNode('Abs', ['a'], ['z'])],
      ]),
      outputs: [aValue('y', 'float32'), aValue('z', 'float32')],
    },
    ...{
      feeds: { x: someFloats([2, 3, 4]) },
      left: ['MatMul', 'Gather', 'MatMul', 'Gather', 'Abs'],
    },
  },
  'not where positions meet': {
    graph: reading([
      aNode('MatMul', ['x', 'w'], ['a']),
      ...[aNode('Softmax', ['a'], ['h'], { axis: int(1) }), reader],
    ]),
    ...{ feeds: { x: someFloats([2, 3, 4]) }, left: ['MatMul', 'Softmax', 'Gather'] },
  },
  'not where the whole is given out': {
    graph: {
      ...reading([aNode('MatMul', ['x', 'w'], ['h']), reader]),
      outputs: [aValue('y', 'float32'), aValue('h', 'float32')],
    },
    ...{ feeds: { x: someFloats([2, 3, 4]) }, left: ['MatMul', 'Gather'] },
  },
};

for (const [name, { graph, feeds, left }] of Object.entries(unread)) {
  test(`unread positions are skipped: ${name}`, async () => {
    const applied = await assertEqualAfter(modelOf(graph), [step('skipUnread')], feeds);
    assert.deepEqual(opsOf(applied), left);
  });
}

test('Gemm weights turn, a shared one for its other reader not', async () => {
  const nodes = [
    aNode('Gemm', ['x', 'w', 'b'], ['h'], { transB: int(1), alpha: float(0.5) }),
    aNode('MatMul', ['h', 'w'], ['y']),
  ];
  const graph = {
    inputs: x(2, 4),
    nodes,
    initializers: [matrix('w', 3, 4), aTensor('b', 'float32', [3], wave(3))],
  };
  const applied = await assertEqualAfter(modelOf(graph), [step('transposeGemm')], {
    x: someFloats([2, 4]),
  });
  assert.deepEqual(
    applied.index.model.graph.initializers.map(({ name, shape }) => [name, ...shape]),
    [
      ['w', 3, 4],
      ['b', 3],
      ['w_transposed', 4, 3],
    ],
  );
});

test('equal weights are stored once, transposed ones too, others stay', async () => {
  const rows = wave(20 * 16);
  const columns = Array.from(
    { length: 320 },
    (_, at) => rows[(at % 20) * 16 + Math.floor(at / 20)]!,
  );
  const graph = {
    inputs: [aValue('ids', 'int64', ['n'])],
    nodes: [
      aNode('Gather', ['table', 'ids'], ['e']),
      aNode('Gather', ['copy', 'ids'], ['f']),
      aNode('Add', ['e', 'f'], ['h']),
      aNode('MatMul', ['h', 'head'], ['y']),
    ],
    initializers: [
      aTensor('table', 'float32', [20, 16], rows),
      aTensor('copy', 'float32', [20, 16], rows),
      aTensor('head', 'float32', [16, 20], columns),
    ],
  };
  const feeds = { ids: { dtype: 'int64' as const, shape: [2], data: BigInt64Array.of(3n, 17n) } };
  const once = await assertEqualAfter(modelOf(graph), [step('deduplicate')], feeds);
  assert.deepEqual(
    once.index.model.graph.initializers.map(({ name }) => name),
    ['table'],
  );
  const plain = await assertEqualAfter(
    modelOf(graph),
    [step('deduplicate', { transposed: false })],
    feeds,
  );
  assert.deepEqual(
    plain.index.model.graph.initializers.map(({ name }) => name),
    ['table', 'head'],
  );
});

test('weights inside bodies are left alone', async () => {
  const then = aGraph({
    nodes: [aNode('MatMul', ['x', 'w'], ['m'])],
    outputs: [aValue('m', 'float32')],
    initializers: [matrix('w', 4, 4)],
  });
  const other = aGraph({
    nodes: [aNode('Neg', ['x'], ['m2'])],
    outputs: [aValue('m2', 'float32')],
  });
  const graph = {
    inputs: x(2, 4),
    nodes: [
      aNode('If', ['yes'], ['y'], {
        then_branch: { kind: 'graph', value: then },
        else_branch: { kind: 'graph', value: other },
      }),
    ],
    initializers: [aTensor('yes', 'bool', [], [1])],
  };
  for (const name of [
    'foldConstants',
    'skipUnread',
    'deduplicate',
    'transposeGemm',
    'keepUnfused',
    'fuseGelu',
    'fuseQkv',
  ]) {
    const applied = await assertEqualAfter(modelOf(graph), [step(name)], { x: someFloats([2, 4]) });
    assert.deepEqual(opsOf(applied), ['If'], name);
  }
});
