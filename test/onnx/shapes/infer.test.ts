import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexGraph } from '../../../src/onnx/graph';
import type { Graph, ValueInfo } from '../../../src/onnx/model';
import { inferShapes, type InferOptions } from '../../../src/onnx/shapes/infer';
import { aGraph, aModel, aNode, aTensor, aValue } from '../../support/build';

function infer(graph: Partial<Graph>, options: Partial<InferOptions> = {}) {
  const index = indexGraph(aModel(graph));
  const shapes = inferShapes(index, { sizes: new Map(), ...options });
  const inner = (name: string) =>
    index.scopes.find((scope) => scope.producers.has(name)) ?? index.main;
  return (name: string) => shapes.typeOf(inner(name), name)?.shape;
}

const unknownOp = (input: string, output: string) =>
  aNode('Mystery', [input], [output], {}, { domain: 'acme' });
const x = (...shape: (string | number | null)[]): ValueInfo => aValue('x', 'float32', shape);

test('a recorded type fills what inference cannot tell, with the sizes put in', () => {
  const shape = infer(
    {
      nodes: [unknownOp('x', 'y'), aNode('Relu', ['y'], ['z'])],
      inputs: [x('b')],
      values: [aValue('y', 'float32', ['b', '2*b', 'free'])],
    },
    { sizes: new Map([['b', 3]]) },
  );
  assert.deepEqual(shape('z'), [3, 6, 'free']);
});

test('a recorded type that contradicts what must be is left out, and casts doubt on all others', () => {
  const graph = {
    nodes: [aNode('Relu', ['x'], ['y']), unknownOp('x', 'z')],
    inputs: [x(2, 3)],
    values: [aValue('y', 'float32', [4, 3]), aValue('z', 'float32', [4, 9])],
  };
  const shape = infer(graph);
  assert.deepEqual(shape('y'), [2, 3]);
  assert.deepEqual(shape('z'), [null, null]);
});

test('numbers recorded for one input size are not used for another', () => {
  const graph = {
    nodes: [unknownOp('x', 'z')],
    inputs: [x(2, 3)],
    values: [aValue('z', 'float32', [2, 9])],
  };
  assert.deepEqual(infer(graph)('z'), [2, 9]);
  assert.deepEqual(infer(graph, { inputShapes: new Map([['x', [5, 3]]]) })('z'), [null, null]);
});

test('a dimension without a name gets its size under a made-up one', () => {
  const shape = infer(
    { nodes: [aNode('Relu', ['x'], ['y'])], inputs: [x(null, 3)] },
    { sizes: new Map([['x.0', 7]]) },
  );
  assert.deepEqual(shape('y'), [7, 3]);
});

test('of two branches only what both agree on holds; a constant condition chooses', () => {
  const branch = (name: string, rows: number) =>
    aGraph({
      nodes: [
        aNode('Constant', [], [name], {
          value: {
            kind: 'tensor',
            value: aTensor('', 'float32', [rows, 2], Array<number>(rows * 2).fill(0)),
          },
        }),
      ],
      outputs: [aValue(name, 'float32')],
    });
  const bodies = {
    then_branch: { kind: 'graph', value: branch('yes', 1) },
    else_branch: { kind: 'graph', value: branch('no', 3) },
  } as const;
  const open = infer({
    nodes: [aNode('If', ['c'], ['y'], bodies)],
    inputs: [aValue('c', 'bool', [])],
  });
  assert.deepEqual(
    [open('y'), open('yes'), open('no')],
    [
      [null, 2],
      [1, 2],
      [3, 2],
    ],
  );
  const chosen = infer({
    nodes: [aNode('If', ['c'], ['y'], bodies)],
    initializers: [aTensor('c', 'bool', [], [1])],
  });
  assert.deepEqual(chosen('y'), [1, 2]);
});

test('a branch whose values do not fit each other is not the one taken', () => {
  const branch = (name: string, weight: string) =>
    aGraph({ nodes: [aNode('MatMul', ['x', weight], [name])], outputs: [aValue(name, 'float32')] });
  const bodies = {
    then_branch: { kind: 'graph', value: branch('yes', 'w3') },
    else_branch: { kind: 'graph', value: branch('no', 'w5') },
  } as const;
  const index = indexGraph(
    aModel({
      nodes: [aNode('If', ['c'], ['y'], bodies)],
      initializers: [
        aTensor('w3', 'float32', [3, 2], [1, 2, 3, 4, 5, 6]),
        aTensor('w5', 'float32', [5, 1], [1, 2, 3, 4, 5]),
      ],
      inputs: [x(2, 3), aValue('c', 'bool', [])],
    }),
  );
  const shapes = inferShapes(index, { sizes: new Map() });
  assert.deepEqual(shapes.typeOf(index.main, 'y')?.shape, [2, 2]);
  assert.deepEqual(
    index.scopes.map((scope) => shapes.fits(scope)),
    [true, true, false],
  );
});

/** A loop over a state `s` whose body makes the next one. */
function looped(body: Partial<Graph>) {
  const graph = aGraph({
    inputs: [aValue('i', 'int64', []), aValue('go', 'bool', []), aValue('s', 'float32')],
    ...body,
    outputs: [aValue('go2', 'bool'), aValue('next', 'float32'), aValue('each', 'float32')],
  });
  return infer({
    nodes: [
      aNode('Loop', ['n', '', 'x'], ['last', 'all'], { body: { kind: 'graph', value: graph } }),
    ],
    inputs: [aValue('n', 'int64', []), x('b', 4)],
  });
}

test('a loop whose state keeps its shape', () => {
  const shape = looped({
    nodes: [
      aNode('Identity', ['go'], ['go2']),
      aNode('Relu', ['s'], ['next']),
      aNode('Relu', ['s'], ['each']),
    ],
  });
  assert.deepEqual(
    [shape('last'), shape('all'), shape('next')],
    [
      ['b', 4],
      [null, 'b', 4],
      ['b', 4],
    ],
  );
});

test('a loop whose state grows along one axis', () => {
  const shape = looped({
    nodes: [
      aNode('Identity', ['go'], ['go2']),
      aNode('Concat', ['s', 'x'], ['next'], { axis: { kind: 'int', value: 0n } }),
      aNode('Relu', ['s'], ['each']),
    ],
  });
  assert.deepEqual(
    [shape('last'), shape('each')],
    [
      [null, 4],
      [null, 4],
    ],
  );
});

test('Scan slices its inputs and stacks its outputs', () => {
  const body = aGraph({
    inputs: [aValue('s', 'float32'), aValue('row', 'float32')],
    nodes: [aNode('Add', ['s', 'row'], ['next']), aNode('Relu', ['row'], ['each'])],
    outputs: [aValue('next', 'float32'), aValue('each', 'float32')],
  });
  const shape = infer({
    nodes: [
      aNode('Scan', ['start', 'x'], ['last', 'all'], {
        body: { kind: 'graph', value: body },
        num_scan_inputs: { kind: 'int', value: 1n },
      }),
    ],
    inputs: [aValue('start', 'float32', [4]), x('t', 4)],
  });
  assert.deepEqual([shape('row'), shape('last'), shape('all')], [undefined, [4], ['t', 4]]);
  assert.deepEqual(shape('next'), [4]);
});

test('loops inside loops take no more than a moment', () => {
  let body = aGraph({
    inputs: [aValue('i0', 'int64', []), aValue('c0', 'bool', []), aValue('s0', 'float32')],
    nodes: [aNode('Identity', ['c0'], ['d0']), aNode('Unsqueeze', ['s0', 'axis'], ['n0'])],
    outputs: [aValue('d0', 'bool'), aValue('n0', 'float32')],
  });
  for (let depth = 1; depth <= 40; depth++) {
    const loop = aNode('Loop', ['m', '', `s${depth}`], [`n${depth}`], {
      body: { kind: 'graph', value: body },
    });
    body = aGraph({
      inputs: [
        aValue(`i${depth}`, 'int64', []),
        aValue(`c${depth}`, 'bool', []),
        aValue(`s${depth}`, 'float32'),
      ],
      nodes: [aNode('Identity', [`c${depth}`], [`d${depth}`]), loop],
      outputs: [aValue(`d${depth}`, 'bool'), aValue(`n${depth}`, 'float32')],
    });
  }
  const started = performance.now();
  const shape = infer({
    nodes: [aNode('Loop', ['m', '', 'x'], ['y'], { body: { kind: 'graph', value: body } })],
    initializers: [aTensor('axis', 'int64', [1], [0])],
    inputs: [aValue('m', 'int64', []), x(2)],
  });
  assert.equal(shape('y'), undefined);
  assert.ok(performance.now() - started < 500);
});
