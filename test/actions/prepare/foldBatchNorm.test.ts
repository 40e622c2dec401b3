import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeValue, Node } from '../../../src/onnx/model';
import { aModel, aNode, aTensor, aValue } from '../../support/build';
import { assertEqualAfter, opsOf, someFloats, step } from '../../support/equal';

const wave = (count: number, phase: number) =>
  Array.from({ length: count }, (_, i) => 0.4 * Math.sin(phase + i));
const positive = (count: number) => Array.from({ length: count }, (_, i) => 0.3 + (i % 5) * 0.2);
const ints = (...values: number[]): AttributeValue => ({ kind: 'ints', value: values.map(BigInt) });
const int = (value: number): AttributeValue => ({ kind: 'int', value: BigInt(value) });

interface Given {
  readonly nodes: readonly Node[];
  readonly channels: number;
  readonly weight: readonly number[];
  readonly input?: readonly number[];
}

/** The weight `w`, the bias `b` and the statistics of one BatchNormalization from `nodes`. */
function modelOf({ nodes, channels, weight, input = [1, 4, 6, 6] }: Given) {
  const count = weight.reduce((product, size) => product * size, 1);
  return aModel(
    {
      inputs: [aValue('x', 'float32', input)],
      outputs: [aValue('y', 'float32')],
      nodes,
      initializers: [
        aTensor('w', 'float32', weight, wave(count, 1)),
        aTensor('b', 'float32', [6], wave(6, 2)),
        ...['scale', 'shift', 'mean'].map((name, i) =>
          aTensor(name, 'float32', [channels], wave(channels, i)),
        ),
        aTensor('variance', 'float32', [channels], positive(channels)),
      ],
    },
    { opsets: new Map([['', 17]]) },
  );
}

const norm = (from: string, to: string) =>
  aNode('BatchNormalization', [from, 'scale', 'shift', 'mean', 'variance'], [to]);

const folding: Record<string, Given> = {
  'a convolution before it, with a bias': {
    nodes: [aNode('Conv', ['x', 'w', 'b'], ['h'], { pads: ints(1, 1, 1, 1) }), norm('h', 'y')],
    ...{ channels: 6, weight: [6, 4, 3, 3] },
  },
  'a grouped convolution without a bias': {
    nodes: [aNode('Conv', ['x', 'w'], ['h'], { group: int(2) }), norm('h', 'y')],
    ...{ channels: 6, weight: [6, 2, 3, 3] },
  },
  'a transposed convolution in groups': {
    nodes: [aNode('ConvTranspose', ['x', 'w'], ['h'], { group: int(2) }), norm('h', 'y')],
    ...{ channels: 6, weight: [4, 3, 3, 3] },
  },
  'a convolution behind it that pads nothing': {
    nodes: [norm('x', 'h'), aNode('Conv', ['h', 'w', 'b'], ['y'])],
    ...{ channels: 4, weight: [6, 4, 3, 3] },
  },
  'a Gemm with its weights as they are': {
    nodes: [aNode('Gemm', ['x', 'w', 'b'], ['h']), norm('h', 'y')],
    ...{ channels: 6, weight: [5, 6], input: [3, 5] },
  },
  'a Gemm with its weights transposed': {
    nodes: [aNode('Gemm', ['x', 'w'], ['h'], { transB: int(1) }), norm('h', 'y')],
    ...{ channels: 6, weight: [6, 5], input: [3, 5] },
  },
};

const usesBias = ({ nodes }: Given) => nodes.some((node) => node.inputs[2] === 'b');

for (const [name, given] of Object.entries(folding)) {
  test(`BatchNormalization goes into ${name}`, async () => {
    const feeds = { x: someFloats(given.input ?? [1, 4, 6, 6]) };
    const applied = await assertEqualAfter(modelOf(given), [step('foldBatchNorm')], feeds);
    assert.deepEqual(
      opsOf(applied),
      given.nodes.map((node) => node.op).filter((op) => op !== 'BatchNormalization'),
    );
    assert.deepEqual(
      applied.index.model.graph.initializers.map((tensor) => tensor.name),
      usesBias(given) ? ['w_folded', 'b_shift'] : ['b', 'w_folded', 'w_shift'],
    );
  });
}

const staying: Record<string, Given> = {
  'pads what it would be shifted by': {
    nodes: [norm('x', 'h'), aNode('Conv', ['h', 'w', 'b'], ['y'], { pads: ints(1, 1, 1, 1) })],
    ...{ channels: 4, weight: [6, 4, 3, 3] },
  },
  'is read elsewhere too': {
    nodes: [aNode('Conv', ['x', 'w'], ['h']), norm('h', 'n'), aNode('Add', ['n', 'h'], ['y'])],
    ...{ channels: 6, weight: [6, 4, 3, 3] },
  },
};

for (const [name, given] of Object.entries(staying)) {
  test(`BatchNormalization stays where the convolution ${name}`, async () => {
    const feeds = { x: someFloats([1, 4, 6, 6]) };
    const applied = await assertEqualAfter(modelOf(given), [step('foldBatchNorm')], feeds);
    assert.deepEqual(
      opsOf(applied),
      given.nodes.map((node) => node.op),
    );
  });
}

test('weights that two layers share stay as they are for the other one', async () => {
  const given = {
    nodes: [
      aNode('Conv', ['x', 'w'], ['h']),
      norm('h', 'n'),
      aNode('Conv', ['x', 'w'], ['o']),
      aNode('Add', ['n', 'o'], ['y']),
    ],
    ...{ channels: 6, weight: [6, 4, 3, 3] },
  };
  const feeds = { x: someFloats([1, 4, 6, 6]) };
  const applied = await assertEqualAfter(modelOf(given), [step('foldBatchNorm')], feeds);
  assert.deepEqual(opsOf(applied), ['Conv', 'Conv', 'Add']);
});
