import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRandom } from '../../../src/base/random';
import { makeNode, makeTensor } from '../../../src/onnx/builder';
import type { Node, Tensor } from '../../../src/onnx/model';
import { unmasked } from '../../support/calibration';
import { aGraph, aModel, aNode, aValue } from '../../support/build';
import { quantized } from '../../support/quantized';

const random = seededRandom(1);
const numbers = (count: number, scale = 1) =>
  Float32Array.from({ length: count }, () => normal(random) * scale);

const channels = 16;
const size = 12;
const data = [0, 1].map(() =>
  unmasked({
    x: {
      dtype: 'float32',
      shape: [2, channels, size, size],
      data: numbers(2 * channels * size * size),
    },
  }),
);

/** A 3 × 3 convolution that keeps the picture's size. */
function conv(input: string, output: string, wide = channels): { node: Node; tensors: Tensor[] } {
  const weight = numbers(wide * channels * 9, 0.1);
  return {
    node: makeNode('Conv', [input, `${output}.weight`, `${output}.bias`], [output], {
      ...{ name: `${output}/Conv`, pads: [1, 1, 1, 1], kernel_shape: [3, 3] },
    }),
    tensors: [
      makeTensor(`${output}.weight`, 'float32', [wide, channels, 3, 3], weight),
      makeTensor(`${output}.bias`, 'float32', [wide], numbers(wide, 0.2)),
    ],
  };
}

type Part = Node | ReturnType<typeof conv>;

function network(parts: readonly Part[], output: string, initializers: Tensor[] = []) {
  const nodes = parts.map((part) => ('node' in part ? part.node : part));
  const tensors = parts.flatMap((part) => ('node' in part ? part.tensors : []));
  return aModel(
    {
      nodes,
      initializers: [...tensors, ...initializers],
      inputs: [aValue('x', 'float32', ['batch', channels, size, size])],
      outputs: [aValue(output, 'float32')],
    },
    { opsets: new Map([['', 17]]), irVersion: 8 },
  );
}

const step = { action: 'int8Static', targets: {} };
const floatOps = ['Conv', 'DequantizeLinear', 'Relu', 'Clip', 'Add', 'Mul', 'Concat', 'Sigmoid'];

/** Float operators that are left in the optimised graph, apart from those expected. */
const left = (kernels: Record<string, number>) => floatOps.filter((op) => kernels[op]);

test('a residual block runs on integers from the first convolution to the last', async () => {
  const model = network(
    [
      conv('x', 'a'),
      makeNode('Relu', ['a'], ['a1']),
      conv('a1', 'b'),
      makeNode('Add', ['b', 'a1'], ['sum']),
      makeNode('Relu', ['sum'], ['sum1']),
      makeNode('MaxPool', ['sum1'], ['pooled'], { kernel_shape: [2, 2], strides: [2, 2] }),
      conv('pooled', 'c'),
    ],
    'c',
  );
  const { kernels, error } = await quantized(model, [step], data);
  assert.deepEqual(
    [kernels['QLinearConv'], kernels['QLinearAdd'], kernels['NhwcMaxPool']],
    [3, 1, 1],
  );
  // The model's result is float: the last codes are dequantized for it.
  assert.deepEqual(left(kernels), ['DequantizeLinear']);
  assert.equal(kernels['QuantizeLinear'], 1);
  assert.ok(error < 1e-3, String(error));
});

test('Clip from zero is left to the highest code, whatever the float32 rounding of the scale', async () => {
  const bounds = [
    makeTensor('zero', 'float32', [], Float32Array.of(0)),
    makeTensor('six', 'float32', [], Float32Array.of(0.7)),
  ];
  const model = network(
    [conv('x', 'a'), makeNode('Clip', ['a', 'zero', 'six'], ['a1']), conv('a1', 'b')],
    'b',
    bounds,
  );
  const { kernels, error } = await quantized(model, [step], data);
  assert.deepEqual(left(kernels), ['DequantizeLinear']);
  assert.ok(error < 1e-3, String(error));
});

test('branches are joined by QLinearConcat, gates by QLinearMul', async () => {
  const model = network(
    [
      conv('x', 'a', 8),
      conv('x', 'b', 8),
      makeNode('Concat', ['a', 'b'], ['ab'], { axis: 1 }),
      conv('ab', 'c'),
      makeNode('Sigmoid', ['c'], ['gate']),
      makeNode('Mul', ['c', 'gate'], ['gated']),
      conv('gated', 'd'),
    ],
    'd',
  );
  const { kernels, error } = await quantized(model, [step], data);
  const wanted = ['QLinearConv', 'QLinearConcat', 'QLinearSigmoid', 'QLinearMul'];
  assert.deepEqual(
    wanted.map((op) => kernels[op]),
    [4, 1, 1, 1],
  );
  assert.deepEqual(left(kernels), ['DequantizeLinear']);
  assert.ok(error < 2e-3, String(error));
});

test('what follows the last product stays float', async () => {
  const model = network(
    [
      conv('x', 'a'),
      conv('x', 'b'),
      makeNode('Add', ['a', 'b'], ['sum']),
      makeNode('Sigmoid', ['sum'], ['y']),
    ],
    'y',
  );
  const { kernels } = await quantized(model, [step], data);
  assert.deepEqual([kernels['QLinearConv'], kernels['Add'], kernels['Sigmoid']], [2, 1, 1]);
});

test('a value that is also a result of the model keeps its name', async () => {
  const plain = network([conv('x', 'a'), conv('a', 'b')], 'a');
  const outputs = ['a', 'b'].map((name) => aValue(name, 'float32'));
  const model = { ...plain, graph: { ...plain.graph, outputs } };
  const { kernels, index, error } = await quantized(model, [step], data);
  assert.deepEqual(
    index.model.graph.outputs.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.equal(kernels['QLinearConv'], 2);
  assert.ok(error < 1e-3, String(error));
});

test('convolutions that share a weight share its integers', async () => {
  const shared = conv('a', 'b');
  const twice = makeNode('Conv', ['b', 'b.weight', 'b.bias'], ['c'], {
    ...{ name: 'c/Conv', pads: [1, 1, 1, 1], kernel_shape: [3, 3] },
  });
  const model = network([conv('x', 'a'), shared, twice], 'c');
  const { index, kernels, error } = await quantized(model, [step], data);
  const codes = index.model.graph.initializers.filter(({ name }) => /^b\.weight_c/.test(name));
  assert.equal(codes.length, 1);
  assert.equal(kernels['QLinearConv'], 3);
  assert.ok(error < 1e-3, String(error));
});

test('seven bits for processors without VNNI', async () => {
  const model = network([conv('x', 'a')], 'a');
  const params = { target: 'avx2' };
  const { index } = await quantized(model, [{ ...step, params }], data);
  const codes = index.model.graph.initializers.find(({ dtype }) => dtype === 'int8')!;
  assert.ok(codes.data.kind === 'raw');
  const { source, offset, length } = codes.data.range;
  const values = new Int8Array(source.read(offset, length).slice().buffer);
  assert.equal(Math.max(...values.map(Math.abs)), 64);
});

test('before operator set 13 there is a reason, and the way out', async () => {
  const model = { ...network([conv('x', 'a')], 'a'), opsets: new Map([['', 11]]) };
  await assert.rejects(quantized(model, [step], data), /operator set 13/);
  const convert = { action: 'convertOpset', targets: {} };
  const { kernels } = await quantized(model, [convert, step], data);
  assert.equal(kernels['QLinearConv'], 1);
});

test('what bodies of If read of a chain keeps the runtime alive', async () => {
  const body = (op: string, output: string) => ({
    kind: 'graph' as const,
    value: aGraph({
      nodes: [makeNode(op, ['turned'], [output])],
      outputs: [aValue(output, 'float32')],
    }),
  });
  const model = network(
    [
      conv('x', 'a'),
      makeNode('Relu', ['a'], ['a1']),
      conv('a1', 'b'),
      makeNode('Transpose', ['a1'], ['turned']),
      makeNode('ReduceMax', ['b'], ['most'], { keepdims: 0 }),
      makeNode('Greater', ['most', 'zero'], ['positive']),
    ],
    'y',
    [makeTensor('zero', 'float32', [], Float32Array.of(0))],
  );
  const branches = { then_branch: body('Relu', 'same'), else_branch: body('Neg', 'other') };
  const node = aNode('If', ['positive'], ['y'], branches);
  const graph = { ...model.graph, nodes: [...model.graph.nodes, node] };
  const { kernels, error } = await quantized({ ...model, graph }, [step], data);
  // Without the operator in between the process would have ended.
  assert.equal(kernels['Max'], 1);
  assert.equal(kernels['QLinearConv'], 2);
  assert.ok(error < 1e-3, `${error}`);
});
