import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { normal, seededRandom } from '../../../src/base/random';
import { applySteps } from '../../../src/build/apply';
import { indexGraph } from '../../../src/onnx/graph';
import type { Graph, Model } from '../../../src/onnx/model';
import { numbersOf } from '../../../src/runtime/arrays';
import type { Feeds } from '../../../src/runtime/runner';
import { normalizedSquaredError } from '../../../src/tensor/measures';
import { aModel, aNode, aTensor, aValue } from '../../support/build';
import { dataOf } from '../../support/calibration';
import { assertEqualAfter, opsOf, step } from '../../support/equal';
import { runModel } from '../../support/loading';
import { modelsFolder, withoutModels } from '../../support/models';
import { trial } from '../../support/trial';

const random = seededRandom(7);
const normals = (count: number) => Array.from({ length: count }, () => normal(random));
const matrix = (name: string, k: number, n: number) =>
  aTensor(name, 'float32', [k, n], normals(k * n));
/** A few channels stand out, as they do in transformers. */
const outstanding = (k: number) => normals(k).map((_, i) => (i % 11 === 0 ? 20 : 1));

function modelOf(graph: Partial<Graph>): Model {
  return aModel(
    {
      inputs: [aValue('x', 'float32', ['b', 's', 'k'])],
      outputs: [aValue('y', 'float32')],
      ...graph,
    },
    { opsets: new Map([['', 17]]) },
  );
}

const one = { kind: 'int', value: 1n } as const;
const k = 64;
const feeds: Feeds = {
  x: { dtype: 'float32', shape: [2, 40, k], data: Float32Array.from(normals(80 * k)) },
};
const calibration = dataOf([feeds]);

const normed = modelOf({
  nodes: [
    aNode('LayerNormalization', ['x', 'scale', 'shift'], ['h']),
    ...[aNode('MatMul', ['h', 'w'], ['a']), aNode('MatMul', ['h', 'v'], ['b'])],
    aNode('Mul', ['a', 'b'], ['y']),
  ],
  initializers: [
    aTensor('scale', 'float32', [k], outstanding(k)),
    aTensor('shift', 'float32', [k], normals(k)),
    ...[matrix('w', k, 32), matrix('v', k, 32)],
  ],
});

/** Energy of the error that rounding to 4 bits leaves, by that of the outputs. */
async function roundingError(model: Model, before: Parameters<typeof applySteps>[1]) {
  const rounded = step('weightOnly', { rounding: 'nearest', keep: 0 });
  const { index } = await applySteps(indexGraph(model), [...before, rounded], { calibration });
  const [exact, made] = [await runModel(model, feeds), await runModel(index.model, feeds)];
  return normalizedSquaredError(numbersOf(exact['y']!), numbersOf(made['y']!));
}

test('a norm takes the division, and 4 bits lose less', async () => {
  const applied = await assertEqualAfter(normed, [step('awq')], feeds, { calibration });
  assert.deepEqual(opsOf(applied), ['LayerNormalization', 'MatMul', 'MatMul', 'Mul']);
  const [plain, scaled] = [
    await roundingError(normed, []),
    await roundingError(normed, [step('awq')]),
  ];
  assert.ok(scaled < plain / 2, `${plain} without, ${scaled} with`);
});

test('scale and shift of a norm that is written in parts take it', async () => {
  const model = modelOf({
    nodes: [
      ...[aNode('Mul', ['x', 'scale'], ['m']), aNode('Add', ['shift', 'm'], ['h'])],
      aNode('MatMul', ['h', 'w'], ['y']),
    ],
    initializers: [
      aTensor('scale', 'float32', [k], outstanding(k)),
      aTensor('shift', 'float32', [1, 1, k], normals(k)),
      matrix('w', k, 32),
    ],
  });
  const applied = await assertEqualAfter(model, [step('awq')], feeds, { calibration });
  assert.deepEqual(opsOf(applied), ['Mul', 'Add', 'MatMul']);
  assert.deepEqual(
    applied.index.model.graph.nodes.map((node) => node.inputs[0]),
    ['x', 'shift_scaled', 'h'],
  );
});

test('a gated linear takes it, its own input being scaled as well', async () => {
  const model = modelOf({
    nodes: [
      aNode('LayerNormalization', ['x', 'scale'], ['h']),
      ...[aNode('MatMul', ['h', 'up'], ['u']), aNode('MatMul', ['h', 'gate'], ['g'])],
      ...[aNode('Sigmoid', ['g'], ['s']), aNode('Mul', ['s', 'u'], ['m'])],
      aNode('MatMul', ['m', 'down'], ['y']),
    ],
    initializers: [
      aTensor('scale', 'float32', [k], outstanding(k)),
      aTensor(
        'up',
        'float32',
        [k, 96],
        normals(k * 96).map((value, at) => (at % 13 === 0 ? 9 : 1) * value),
      ),
      ...[matrix('gate', k, 96), matrix('down', 96, 32)],
    ],
  });
  const applied = await assertEqualAfter(model, [step('awq')], feeds, { calibration });
  assert.equal(applied.index.model.graph.nodes.length, 6);
  assert.equal(applied.steps[0]?.layers.length, 3);
});

test('a Gemm takes it through a ReLU, weight and bias', async () => {
  const model = modelOf({
    nodes: [
      aNode('Gemm', ['x', 'w', 'b'], ['h'], { transB: one, alpha: { kind: 'float', value: 0.5 } }),
      ...[aNode('Relu', ['h'], ['r']), aNode('Gemm', ['r', 'v'], ['y'], { transB: one })],
    ],
    inputs: [aValue('x', 'float32', ['n', 'k'])],
    initializers: [
      aTensor(
        'w',
        'float32',
        [48, k],
        normals(48 * k).map((v, at) => (at < 4 * k ? 30 * v : v)),
      ),
      aTensor('b', 'float32', [48], normals(48)),
      matrix('v', 32, 48),
    ],
  });
  const x = { ...feeds['x']!, shape: [80, k] };
  const data = { calibration: dataOf([{ x }]) };
  const applied = await assertEqualAfter(model, [step('awq')], { x }, data);
  assert.equal(applied.steps[0]?.layers.length, 1);
  assert.match(applied.index.model.graph.nodes[0]!.inputs.join(), /^x,w_scaled,b_scaled$/);
});

test('values that others read keep it out, unless a Mul is allowed', async () => {
  const model = modelOf({
    nodes: [
      aNode('LayerNormalization', ['x', 'scale'], ['h']),
      ...[aNode('MatMul', ['h', 'w'], ['a']), aNode('Add', ['a', 'h'], ['y'])],
    ],
    initializers: [aTensor('scale', 'float32', [k], outstanding(k)), matrix('w', k, k)],
  });
  const left = await applySteps(indexGraph(model), [step('awq')], { calibration });
  assert.equal(left.index.model, model);
  assert.ok(left.steps[0]?.skipped.some(({ why }) => why.startsWith('No norm or linear')));
  const multiply = step('awq', { multiply: true });
  const applied = await assertEqualAfter(model, [multiply], feeds, { calibration });
  assert.deepEqual(opsOf(applied), ['LayerNormalization', 'Mul', 'MatMul', 'Add']);
});

test('inputs that are all alike are left as they are', async () => {
  const model = modelOf({
    nodes: [aNode('LayerNormalization', ['x', 'scale'], ['h']), aNode('MatMul', ['h', 'w'], ['y'])],
    initializers: [
      aTensor('scale', 'float32', [k], Array<number>(k).fill(1)),
      aTensor('w', 'float32', [k, 16], Array<number>(k * 16).fill(0.5)),
    ],
  });
  const { index } = await applySteps(indexGraph(model), [step('awq')], { calibration });
  assert.equal(index.model, model);
});

test(
  'attention’s values take it where residuals read all norms',
  { skip: withoutModels },
  async () => {
    const folder = join(modelsFolder, 'minilm-sst2');
    const data = join(folder, 'calibration.npz');
    const options = { calibration: data, samples: 8 };
    const made = await trial(join(folder, 'model.onnx'), [step('awq')], options);
    try {
      assert.equal(made.applied.steps[0]?.layers.length, 6);
      assert.equal(made.applied.steps[0]?.edits, 36);
      assert.ok((await made.difference(data)).sqnrDb > 100);
    } finally {
      made.remove();
    }
  },
);
