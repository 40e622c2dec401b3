import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../../src/base/random';
import { makeNode, makeTensor } from '../../../src/onnx/builder';
import type { Node, Tensor } from '../../../src/onnx/model';
import type { CalibrationBatch } from '../../../src/runtime/calibration';
import { aModel, aValue } from '../../support/build';
import { quantized } from '../../support/quantized';

const random = seededRandom(3);
const numbers = (count: number, scale = 1) =>
  Float32Array.from({ length: count }, () => normal(random) * scale);
const matrix = (name: string, k: number, n: number) =>
  makeTensor(name, 'float32', [k, n], numbers(k * n, 0.1));
const row = (name: string, n: number) => makeTensor(name, 'float32', [n], numbers(n, 0.3));

const width = 64;
const shape = [2, 8, width];

function network(nodes: readonly Node[], initializers: readonly Tensor[], dims = shape) {
  return aModel(
    {
      nodes,
      initializers,
      inputs: [aValue('x', 'float32', dims)],
      outputs: [aValue('y', 'float32')],
    },
    { opsets: new Map([['', 17]]), irVersion: 8 },
  );
}

function batchOf(change: (value: number, channel: number) => number = (value) => value) {
  const data = numbers(2 * 8 * width).map((value, i) => change(value, i % width));
  const feeds = { x: { dtype: 'float32', shape, data } } as const;
  return { feeds, mask: undefined, labels: undefined } satisfies CalibrationBatch;
}

const step = { action: 'int8Static', targets: {} };
const linear = [
  makeNode('MatMul', ['x', 'w'], ['product'], { name: 'dense/MatMul' }),
  makeNode('Add', ['product', 'b'], ['sum'], { name: 'dense/Add' }),
  makeNode('Tanh', ['sum'], ['y']),
];
const weights = [matrix('w', width, 32), row('b', 32)];

test('a product with its bias is one node, also where shapes are known and the runtime would make a Gemm', async () => {
  const { kernels, error } = await quantized(network(linear, weights), [step], [batchOf()]);
  assert.deepEqual(
    ['MatMulIntegerToFloat', 'QuantizeLinear', 'DequantizeLinear', 'Gemm', 'Add'].map(
      (op) => kernels[op] ?? 0,
    ),
    [1, 1, 0, 0, 0],
  );
  assert.ok(error < 1e-3, String(error));
});

test('parts of a joint weight are weights of their own', async () => {
  const part = (i: number) => [
    makeNode('Slice', ['joint', `at${i}`, `at${i + 1}`, 'axis'], [`part${i}`]),
    makeNode('Transpose', [`part${i}`], [`turned${i}`], { perm: [1, 0] }),
    makeNode('MatMul', ['x', `turned${i}`], [`p${i}`], { name: `p${i}/MatMul` }),
  ];
  const place = (i: number) => makeTensor(`at${i}`, 'int64', [1], BigInt64Array.of(BigInt(i * 32)));
  const { error } = await quantized(
    network(
      [...part(0), ...part(1), makeNode('Sub', ['p0', 'p1'], ['y'])],
      [
        matrix('joint', width, width),
        makeTensor('axis', 'int64', [1], BigInt64Array.of(0n)),
        ...[0, 1, 2].map(place),
      ],
    ),
    [step],
    [batchOf()],
  );
  assert.ok(error < 1e-3, String(error));
});

test('products of one input share its codes; a weight that two inputs meet is stored once', async () => {
  const nodes = [
    makeNode('MatMul', ['x', 'square'], ['a'], { name: 'a/MatMul' }),
    makeNode('MatMul', ['x', 'other'], ['b'], { name: 'b/MatMul' }),
    makeNode('MatMul', ['a', 'square'], ['c'], { name: 'c/MatMul' }),
    makeNode('Add', ['c', 'b'], ['y']),
  ];
  const tensors = [matrix('square', width, width), matrix('other', width, width)];
  const { kernels, index, error } = await quantized(network(nodes, tensors), [step], [batchOf()]);
  assert.deepEqual([kernels['MatMulIntegerToFloat'], kernels['QuantizeLinear']], [3, 2]);
  assert.equal(index.model.graph.initializers.filter(({ dtype }) => dtype === 'int8').length, 2);
  assert.ok(error < 1e-3, String(error));
});

test('a channel of outliers is smoothed where that is allowed, and only where it is there', async () => {
  const outliers = batchOf((value, channel) => (channel === 7 ? value * 80 : value));
  const run = async (batch: CalibrationBatch, smooth: boolean) =>
    quantized(network(linear, weights), [{ ...step, params: { smooth } }], [batch]);
  const smoothed = await run(outliers, true);
  const plain = await run(outliers, false);
  const even = await run(batchOf(), true);
  assert.deepEqual(
    [smoothed.kernels['Mul'], plain.kernels['Mul'], even.kernels['Mul']],
    [1, undefined, undefined],
  );
  assert.ok(smoothed.error < plain.error / 2, `${smoothed.error} beside ${plain.error}`);
});

test('Gemm: a transposed weight, its bias inside', async () => {
  const nodes = [
    makeNode('Reshape', ['x', 'flat'], ['rows']),
    makeNode('Gemm', ['rows', 'w', 'b'], ['y'], { name: 'head/Gemm', transB: 1 }),
  ];
  const flat = makeTensor('flat', 'int64', [2], BigInt64Array.of(-1n, BigInt(width)));
  const tensors = [flat, matrix('w', 32, width), row('b', 32)];
  const { kernels, error } = await quantized(network(nodes, tensors), [step], [batchOf()]);
  assert.deepEqual([kernels['MatMulIntegerToFloat'], kernels['Gemm']], [1, undefined]);
  assert.ok(error < 1e-3, String(error));
});

test('what has no integer kernel says why', async () => {
  const up = makeTensor('up', 'float32', [width, 4, 2], numbers(width * 8));
  const nodes = [
    makeNode('Transpose', ['x'], ['turned'], { perm: [0, 2, 1] }),
    makeNode('ConvTranspose', ['turned', 'up'], ['y'], { name: 'up/ConvTranspose' }),
  ];
  const { skipped } = await quantized(network(nodes, [up]), [step], [batchOf()]);
  assert.match(skipped.map(({ why }) => why).join(), /no fast 8-bit kernel for ConvTranspose/);
});
