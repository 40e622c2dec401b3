import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySteps, type Applied } from '../../../src/build/apply';
import { indexGraph } from '../../../src/onnx/graph';
import type { Graph, Model } from '../../../src/onnx/model';
import { tensorValues } from '../../../src/onnx/weights';
import type { Feeds } from '../../../src/runtime/runner';
import { numbersOf } from '../../../src/runtime/arrays';
import { normalizedSquaredError } from '../../../src/tensor/measures';
import { aModel, aNode, aTensor, aValue } from '../../support/build';
import { dataOf } from '../../support/calibration';
import { assertEqualAfter, opsOf, step } from '../../support/equal';
import { runModel } from '../../support/loading';

/** Preparations of weights for quantization: SmoothQuant, cross-layer equalisation, bias correction. */

const wave = (count: number, phase = 1) =>
  Array.from({ length: count }, (_, i) => Math.sin(phase + i * 0.7 + (i * i) / 50));
const modelOf = (graph: Partial<Graph>): Model =>
  aModel(
    { inputs: [aValue('x', 'float32', ['n', 'k'])], outputs: [aValue('y', 'float32')], ...graph },
    { opsets: new Map([['', 17]]) },
  );
const feedOf = (shape: readonly number[], values: readonly number[]): Feeds => ({
  x: { dtype: 'float32', shape, data: Float32Array.from(values) },
});
const valuesOf = ({ index }: Applied, name: string) =>
  Array.from(tensorValues(index.main.initializers.get(name)!));

test('SmoothQuant divides by the square root of the ranges, in a Mul of its own', async () => {
  const model = modelOf({
    nodes: [aNode('MatMul', ['x', 'w'], ['h']), aNode('Add', ['h', 'x'], ['y'])],
    initializers: [aTensor('w', 'float32', [2, 2], [1, -1, 0.5, 1])],
  });
  const feeds = feedOf([2, 2], [1, -100, 0.5, 20]);
  const calibration = dataOf([feeds]);
  const applied = await assertEqualAfter(model, [step('smoothQuant')], feeds, { calibration });
  assert.deepEqual(opsOf(applied), ['Mul', 'MatMul', 'Add']);
  // max|X| = [1, 100] and max|W| = [1, 1] give s = [1, 10].
  assert.deepEqual(valuesOf(applied, 'x_divisors'), [1, Math.fround(0.1)]);
  assert.deepEqual(valuesOf(applied, 'w_smooth'), [1, -1, 5, 10]);
});

test('SmoothQuant goes into a norm that only linears read', async () => {
  const model = modelOf({
    nodes: [
      aNode('LayerNormalization', ['x', 'scale', 'shift'], ['h']),
      ...[aNode('MatMul', ['h', 'w'], ['a']), aNode('MatMul', ['h', 'v'], ['b'])],
      aNode('Mul', ['a', 'b'], ['y']),
    ],
    initializers: [
      aTensor('scale', 'float32', [4], [1, 30, 0.1, 2]),
      aTensor('shift', 'float32', [4], wave(4)),
      ...['w', 'v'].map((name, i) => aTensor(name, 'float32', [4, 3], wave(12, i))),
    ],
  });
  const feeds = feedOf([3, 4], wave(12, 5));
  const calibration = dataOf([feeds]);
  const applied = await assertEqualAfter(model, [step('smoothQuant')], feeds, { calibration });
  assert.deepEqual(opsOf(applied), ['LayerNormalization', 'MatMul', 'MatMul', 'Mul']);
});

test('SmoothQuant lessens the error of int8 where channels stand far out', async () => {
  const [n, k] = [64, 256];
  const input = wave(n * k).map((value, at) => (at % k < 4 ? 60 * value : value));
  const model = modelOf({
    nodes: [aNode('MatMul', ['x', 'w'], ['y'])],
    initializers: [aTensor('w', 'float32', [k, 32], wave(k * 32, 3))],
  });
  const feeds = feedOf([n, k], input);
  const exact = (await runModel(model, feeds))['y']!;
  const int8 = step('int8Dynamic', { evenInputs: false });
  const errors = [];
  for (const steps of [[int8], [step('smoothQuant'), int8]]) {
    const { index } = await applySteps(indexGraph(model), steps, {
      calibration: dataOf([feeds]),
    });
    const made = (await runModel(index.model, feeds))['y']!;
    errors.push(Math.sqrt(normalizedSquaredError(numbersOf(exact), numbersOf(made))));
  }
  const [plain = 0, smooth = 0] = errors;
  assert.ok(smooth < plain / 2, `${plain} without, ${smooth} with`);
});

test('equalisation leaves both layers the same range in every channel', async () => {
  const model = modelOf({
    nodes: [
      aNode('Gemm', ['x', 'w', 'b'], ['h']),
      ...[aNode('Relu', ['h'], ['r']), aNode('Gemm', ['r', 'v', 'c'], ['y'])],
    ],
    initializers: [
      aTensor(
        'w',
        'float32',
        [4, 5],
        wave(20).map((value, at) => value * 10 ** (at % 5)),
      ),
      aTensor('b', 'float32', [5], wave(5, 2)),
      aTensor('v', 'float32', [5, 3], wave(15, 4)),
      aTensor('c', 'float32', [3], wave(3, 6)),
    ],
  });
  const feeds = feedOf([3, 4], wave(12, 5));
  const applied = await assertEqualAfter(model, [step('equalize')], feeds);
  const [first, second] = [valuesOf(applied, 'w_even'), valuesOf(applied, 'v_even')];
  for (let channel = 0; channel < 5; channel++) {
    const before = Math.max(...first.filter((_, at) => at % 5 === channel).map(Math.abs));
    const behind = Math.max(
      ...second.filter((_, at) => Math.floor(at / 3) === channel).map(Math.abs),
    );
    assert.ok(Math.abs(before / behind - 1) < 1e-3, `channel ${channel}: ${before} and ${behind}`);
  }
});

test('equalisation leaves layers whose channels others read', async () => {
  const model = modelOf({
    nodes: [
      aNode('Gemm', ['x', 'w'], ['h']),
      ...[aNode('Gemm', ['h', 'v'], ['g']), aNode('Mul', ['g', 'h'], ['y'])],
    ],
    initializers: [
      aTensor('w', 'float32', [4, 4], wave(16)),
      aTensor('v', 'float32', [4, 4], wave(16, 4)),
    ],
  });
  const { index } = await applySteps(indexGraph(model), [step('equalize')]);
  assert.equal(index.model, model);
});

test('corrected biases have the original’s means, layer after layer', async () => {
  const model = modelOf({
    nodes: [
      ...[aNode('MatMul', ['x', 'w'], ['a']), aNode('Add', ['a', 'b'], ['h'])],
      aNode('Relu', ['h'], ['r']),
      ...[aNode('MatMul', ['r', 'v'], ['c']), aNode('Add', ['c', 'd'], ['y'])],
    ],
    initializers: [
      aTensor('w', 'float32', [32, 48], wave(32 * 48)),
      aTensor('b', 'float32', [48], wave(48, 2)),
      aTensor('v', 'float32', [48, 16], wave(48 * 16, 4)),
      aTensor('d', 'float32', [16], wave(16, 6)),
    ],
  });
  const feeds = feedOf(
    [64, 32],
    wave(64 * 32, 5).map((value) => value + 0.7),
  );
  const calibration = dataOf([feeds]);
  const before = numbersOf((await runModel(model, feeds))['y']!);
  const means = async (steps: Parameters<typeof applySteps>[1]) => {
    const { index } = await applySteps(indexGraph(model), steps, { calibration });
    const after = numbersOf((await runModel(index.model, feeds))['y']!);
    const off = new Float64Array(16);
    for (let at = 0; at < after.length; at++) off[at % 16]! += (after[at]! - before[at]!) / 64;
    return Math.max(...off.map(Math.abs));
  };
  const fewBits = step('weightOnly', { bits: '4', block: '32' });
  const plain = await means([fewBits]);
  const corrected = await means([fewBits, step('correctBias')]);
  assert.ok(plain > 1e-2 && corrected < 1e-5 * 10, `${plain} before, ${corrected} after`);
});
