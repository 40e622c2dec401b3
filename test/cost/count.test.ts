import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CostTable } from '../../src/cost/cost';
import { countCost, sumLayers } from '../../src/cost/count';
import { indexGraph } from '../../src/onnx/graph';
import type { Graph } from '../../src/onnx/model';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { buildStructure } from '../../src/structure/build';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';
import { int } from '../support/inferring';

function count(graph: Partial<Graph>) {
  const index = indexGraph(aModel(graph));
  const shapes = inferShapes(index, { sizes: new Map() });
  const structure = buildStructure(index, shapes);
  return { structure, table: countCost(structure, shapes) };
}

const filled = (name: string, ...shape: number[]) =>
  aTensor(
    name,
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i * 0.37 - 1),
  );

const macs = (table: CostTable, node: string) => table.nodes.get(node)?.macs;
const linear = (input: string, weight: string, output: string) =>
  aNode('MatMul', [input, weight], [output], {}, { name: output });

test('two layers: what they hold, compute and hand on', () => {
  const { structure, table } = count({
    nodes: [linear('x', 'w', 'h'), aNode('Relu', ['h'], ['a']), linear('a', 'v', 'y')],
    initializers: [filled('w', 8, 16), filled('v', 16, 4)],
    inputs: [aValue('x', 'float32', [3, 8])],
    outputs: [aValue('y', 'float32')],
  });
  assert.equal(table.total.parameters, 8 * 16 + 16 * 4);
  assert.equal(table.total.weightBytes, 4 * (8 * 16 + 16 * 4));
  assert.equal(table.total.macs, 3 * 8 * 16 + 3 * 16 * 4);
  assert.equal(table.nodes.get('y')?.activationBytes, 3 * 4 * 4);
  assert.equal(table.nodes.get('h')?.parameters, 8 * 16);
  assert.deepEqual(sumLayers(structure.layers, table).macs, table.total.macs);
  assert.deepEqual(table.unknown, []);
});

test('a weight that two layers use counts once in sums and in each of them', () => {
  const { structure, table } = count({
    nodes: [linear('x', 'w', 'h'), aNode('Relu', ['h'], ['a']), linear('a', 'w', 'y')],
    initializers: [filled('w', 8, 8)],
    inputs: [aValue('x', 'float32', [3, 8])],
    outputs: [aValue('y', 'float32')],
  });
  assert.equal(table.total.parameters, 64);
  assert.equal(table.total.weightBytes, 256);
  const each = structure.layers.flatMap((layer) =>
    layer.op === 'MatMul' ? [table.layers.get(layer.id)?.parameters] : [],
  );
  assert.deepEqual(each, [64, 64]);
});

test('an operator nobody knows is listed, and sums that need it are not known', () => {
  const { table } = count({
    nodes: [
      linear('x', 'w', 'h'),
      aNode('Mystery', ['h'], ['y'], {}, { domain: 'acme', name: 'odd' }),
    ],
    initializers: [filled('w', 8, 8)],
    inputs: [aValue('x', 'float32', [3, 8])],
    outputs: [aValue('y', 'float32')],
  });
  assert.deepEqual(table.unknown, [
    { node: 'odd', what: 'macs', why: 'The operator acme.Mystery is not known.' },
    { node: 'odd', what: 'shape', why: 'The operator acme.Mystery is not known.' },
  ]);
  assert.equal(table.total.macs, undefined);
  assert.equal(table.total.peakActivationBytes, undefined);
  assert.equal(macs(table, 'h'), 3 * 8 * 8);
});

test('a reshape to a size of another export is listed though it is counted', () => {
  const { table } = count({
    nodes: [aNode('Reshape', ['x', 'target'], ['y'], {}, { name: 'reshape' })],
    initializers: [aTensor('target', 'int64', [2], [12, 8])],
    inputs: [aValue('x', 'float32', [16, 1, 8])],
    outputs: [aValue('y', 'float32')],
  });
  assert.match(
    table.unknown[0]?.why ?? '',
    /^Its target \[12, 8\] was fixed when the model was exported/,
  );
});

test('a table that ends before the last position is listed', () => {
  const { table } = count({
    nodes: [aNode('Gather', ['table', 'places'], ['y'], {}, { name: 'positions' })],
    initializers: [filled('table', 4, 8), aTensor('places', 'int64', [3], [2, 3, 4])],
    outputs: [aValue('y', 'float32')],
  });
  assert.match(table.unknown[0]?.why ?? '', /^Rows beyond its table/);
});

/** A loop of a MatMul; `cond` makes the condition that the body hands on. */
function loop(times: number | undefined, cond: readonly [op: string, input: string]) {
  const body = aGraph({
    inputs: [aValue('i', 'int64', []), aValue('go', 'bool', []), aValue('s', 'float32')],
    nodes: [aNode(cond[0], [cond[1]], ['on']), linear('s', 'w', 'next')],
    outputs: [aValue('on', 'bool'), aValue('next', 'float32')],
  });
  return count({
    nodes: [
      aNode(
        'Loop',
        ['n', '', 'x'],
        ['y'],
        { body: { kind: 'graph', value: body } },
        { name: 'loop' },
      ),
    ],
    initializers: [
      filled('w', 8, 8),
      ...(times === undefined ? [] : [aTensor('n', 'int64', [], [times])]),
    ],
    inputs: [
      aValue('x', 'float32', [3, 8]),
      aValue('flag', 'bool', []),
      ...(times === undefined ? [aValue('n', 'int64', [])] : []),
    ],
    outputs: [aValue('y', 'float32')],
  }).table;
}

test('a loop counts as often as it runs, where that is a constant', () => {
  assert.equal(loop(5, ['Identity', 'go']).total.macs, 5 * 3 * 8 * 8);
  const open = loop(undefined, ['Identity', 'go']);
  assert.equal(open.total.macs, undefined);
  assert.deepEqual(
    open.unknown.map(({ node, what }) => `${node} ${what}`),
    ['loop/body/next macs'],
  );
  assert.match(
    open.unknown[0]?.why ?? '',
    /runs inside loop, whose number of iterations depends on the data/,
  );
  assert.equal(loop(5, ['Identity', 'flag']).total.macs, undefined);
});

test('of two branches the larger one counts, unless a constant chooses', () => {
  const branch = (name: string, ...weights: readonly string[]) =>
    aGraph({
      nodes: weights.map((weight, i) =>
        linear(i === 0 ? 'x' : `${name}${i - 1}`, weight, `${name}${i}`),
      ),
      outputs: [aValue(`${name}${weights.length - 1}`, 'float32')],
    });
  const bodies = {
    then_branch: { kind: 'graph', value: branch('a', 'w') },
    else_branch: { kind: 'graph', value: branch('b', 'w', 'v') },
  } as const;
  const common = {
    nodes: [aNode('If', ['c'], ['y'], bodies, { name: 'if' })],
    inputs: [aValue('x', 'float32', [3, 8])],
    outputs: [aValue('y', 'float32')],
  };
  const weights = [filled('w', 8, 8), filled('v', 8, 8)];
  const open = count({
    ...common,
    initializers: weights,
    inputs: [...common.inputs, aValue('c', 'bool', [])],
  }).table;
  assert.equal(open.total.macs, 2 * 3 * 64);
  assert.deepEqual([...open.leftOut], ['if/then_branch/a0']);
  assert.equal(macs(open, 'if/then_branch/a0'), 3 * 64);
  const chosen = count({
    ...common,
    initializers: [...weights, aTensor('c', 'bool', [], [1])],
  }).table;
  assert.equal(chosen.total.macs, 3 * 64);
});

test('Scan counts as often as its input is long', () => {
  const body = aGraph({
    inputs: [aValue('s', 'float32'), aValue('row', 'float32')],
    nodes: [linear('row', 'w', 'p'), aNode('Add', ['s', 'p'], ['next'])],
    outputs: [aValue('next', 'float32')],
  });
  const { table } = count({
    nodes: [
      aNode(
        'Scan',
        ['start', 'x'],
        ['y'],
        { body: { kind: 'graph', value: body }, num_scan_inputs: int(1) },
        { name: 'scan' },
      ),
    ],
    initializers: [filled('w', 8, 8)],
    inputs: [aValue('start', 'float32', [3, 8]), aValue('x', 'float32', [7, 3, 8])],
    outputs: [aValue('y', 'float32')],
  });
  assert.equal(table.total.macs, 7 * 3 * 64);
});
