import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followActivations } from '../../src/cost/activations';
import { indexGraph } from '../../src/onnx/graph';
import type { Graph } from '../../src/onnx/model';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';

/** One float a unit: x holds 10 of them. */
const x = aValue('x', 'float32', [10]);
const unit = 4;

function peakOf(graph: Partial<Graph>) {
  const index = indexGraph(aModel({ inputs: [x], ...graph }));
  const { peak } = followActivations(index, inferShapes(index, { sizes: new Map() }));
  const byNode = [...(peak?.byWriter ?? [])].flatMap(([writer, bytes]) =>
    bytes > 0 ? [[writer?.id ?? 'input', bytes / unit]] : [],
  );
  return { units: peak && peak.bytes / unit, byNode };
}

const relu = (input: string, output: string) =>
  aNode('Relu', [input], [output], {}, { name: output });

test('a chain frees what nobody reads any more', () => {
  const nodes = [relu('x', 'a'), relu('a', 'b'), relu('b', 'c')];
  const { units, byNode } = peakOf({ nodes, outputs: [aValue('c', 'float32')] });
  assert.equal(units, 30);
  assert.deepEqual(byNode, [
    ['input', 10],
    ['a', 10],
    ['b', 10],
  ]);
});

test('a residual stays alive until it is added', () => {
  const nodes = [relu('x', 'a'), relu('a', 'b'), relu('b', 'c'), aNode('Add', ['a', 'c'], ['d'])];
  assert.equal(peakOf({ nodes, outputs: [aValue('d', 'float32')] }).units, 40);
});

test('an output stays alive to the end', () => {
  const nodes = [relu('x', 'a'), relu('a', 'b'), relu('b', 'c')];
  assert.equal(
    peakOf({ nodes, outputs: [aValue('a', 'float32'), aValue('c', 'float32')] }).units,
    40,
  );
});

test('a reshape writes nothing, and keeps alive what it shows', () => {
  const nodes = [
    relu('x', 'a'),
    aNode('Reshape', ['a', 'target'], ['b']),
    aNode('Unsqueeze', ['b', 'axis'], ['c']),
    relu('c', 'd'),
  ];
  const initializers = [
    aTensor('target', 'int64', [2], [2, 5]),
    aTensor('axis', 'int64', [1], [0]),
  ];
  assert.equal(peakOf({ nodes, initializers, outputs: [aValue('d', 'float32')] }).units, 30);
});

test('what follows from weights alone is no activation', () => {
  const nodes = [aNode('Transpose', ['w'], ['turned']), aNode('Add', ['x', 'turned'], ['y'])];
  const initializers = [aTensor('w', 'float32', [10], Array<number>(10).fill(1))];
  assert.equal(peakOf({ nodes, initializers, outputs: [aValue('y', 'float32')] }).units, 20);
});

test('a body lives while its node runs, and reads what lies outside', () => {
  const branch = (name: string, ...nodes: Graph['nodes'][number][]) =>
    aGraph({ nodes, outputs: [aValue(name, 'float32')] });
  const bodies = {
    then_branch: { kind: 'graph', value: branch('t', relu('a', 't')) },
    else_branch: {
      kind: 'graph',
      value: branch('q', relu('a', 'p'), relu('p', 'o'), relu('o', 'q')),
    },
  } as const;
  const nodes = [relu('x', 'a'), aNode('If', ['c'], ['y'], bodies)];
  const inputs = [x, aValue('c', 'bool', [4])];
  // The input, the condition, what the branch reads, and the two values alive in the longer branch.
  assert.equal(
    peakOf({ nodes, inputs, outputs: [aValue('y', 'float32')] }).units,
    10 + 1 + 10 + 20,
  );
});

test('one unknown size leaves the peak unknown', () => {
  const nodes = [aNode('NonZero', ['x'], ['found'])];
  assert.equal(peakOf({ nodes, outputs: [aValue('found', 'int64')] }).units, undefined);
});
