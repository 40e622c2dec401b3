import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zipSync } from 'fflate';
import { isUserError } from '../../src/base/errors';
import { compare } from '../../src/engine/compare';
import { Models } from '../../src/engine/models';
import { makeNode } from '../../src/onnx/builder';
import type { Model } from '../../src/onnx/model';
import type { Comparison, CompareRequest } from '../../src/protocol/build';
import type { RunTensor } from '../../src/runtime/runner';
import type { DType } from '../../src/tensor/dtype';
import { aModel, aTensor, aValue, modelBytes } from '../support/build';
import { engineProgram } from '../support/engineProgram';
import { modelsFolder, withoutModels } from '../support/models';
import { npyOf } from '../support/npy';

const folder = mkdtempSync(join(tmpdir(), 'fw-compare-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const models = new Models();
let next = 0;
const save = (model: Model) => {
  const file = join(folder, `m${next++}.onnx`);
  writeFileSync(file, modelBytes(model));
  return file;
};

interface Circumstances extends Partial<CompareRequest> {
  readonly program?: string;
  readonly signal?: AbortSignal;
}

const compared = (
  file: string,
  candidate: string,
  { program, signal = new AbortController().signal, ...more }: Circumstances = {},
  partial: (value: unknown) => void = () => {},
): Promise<Comparison> =>
  compare(
    models,
    { file, candidate, threads: 1, rounds: 3, warmup: 1, seed: 1, ...more },
    { signal, progress: () => {}, partial },
    program,
  );

const fails = (work: Promise<unknown>, message: RegExp) =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(isUserError(error), String(error));
    assert.match(error.message, message);
    return true;
  });

interface Sketch {
  readonly weight?: readonly number[];
  readonly classes?: number;
  readonly input?: string;
  readonly output?: string;
  readonly dtype?: DType;
  readonly batch?: number | string;
}

/** Scores of `classes` from four numbers. */
function classifier({
  weight = [1, 0, 0, 1, 1, 1, 0, 2],
  classes = 2,
  input = 'x',
  output = 'logits',
  dtype = 'float32',
  batch = 'batch',
}: Sketch = {}): string {
  return save(
    aModel({
      nodes: [makeNode('MatMul', [input, 'head.weight'], [output], { name: '/head/MatMul' })],
      initializers: [aTensor('head.weight', dtype, [4, classes], weight)],
      inputs: [aValue(input, dtype, [batch, 4])],
      outputs: [aValue(output, dtype, [batch, classes])],
    }),
  );
}

const floats = (shape: number[], values: ArrayLike<number>): RunTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});

/** Samples whose class is that of the classifier's own first choice. */
function dataOf(count: number): string {
  const file = join(folder, `data${count}.npz`);
  const x = Array.from({ length: count * 4 }, (_, at) => Math.sin(at * 1.7));
  const labels = Array.from({ length: count }, (_, row) => {
    const [a = 0, b = 0, c = 0, d = 0] = x.slice(row * 4, row * 4 + 4);
    return Number(b + c + 2 * d > a + c);
  });
  const label: RunTensor = {
    dtype: 'int64',
    shape: [count],
    data: BigInt64Array.from(labels, BigInt),
  };
  writeFileSync(
    file,
    zipSync({ 'x.npy': npyOf(floats([count, 4], x)), 'label.npy': npyOf(label) }),
  );
  return file;
}

test('a model against itself has nothing to tell, on all samples of the data', async () => {
  const file = classifier();
  const partials: Comparison[] = [];
  const found = await compared(file, file, { data: dataOf(70) }, (value) =>
    partials.push(value as Comparison),
  );
  assert.equal(found.samples, 70);
  assert.deepEqual([found.maxError, found.kl?.mean, found.agreement?.mean], [0, 0, 1]);
  assert.deepEqual([found.accuracy?.reference, found.accuracy?.candidate], [1, 1]);
  assert.deepEqual([found.metric, found.output, found.leftOut], ['classes', 'logits', 0]);
  assert.deepEqual(found.latency.inputs, [{ name: 'x', shape: [1, 4] }]);
  assert.deepEqual(found.kernels, []);
  assert.ok(found.complete);
  // 32, 32 and 6 samples.
  assert.deepEqual(
    partials.map(({ samples, complete }) => [samples, complete]),
    [
      [32, false],
      [64, false],
      [70, false],
    ],
  );
});

test('a worse model is told, paired with its interval', async () => {
  const data = dataOf(70);
  const worse = classifier({ weight: [1, 0, 0, -1, 1, 1, 0, 2] });
  const { accuracy, agreement, kl, layers } = await compared(classifier(), worse, { data });
  assert.ok(accuracy && accuracy.difference.high < 0, JSON.stringify(accuracy));
  const change = accuracy.candidate - accuracy.reference;
  assert.ok(Math.abs(accuracy.difference.mean - change) < 1e-9);
  assert.ok((agreement?.mean ?? 1) < 1 && (kl?.mean ?? 0) > 0);
  // One weight of eight turned round: the error is about as large as the signal.
  const [layer] = layers;
  assert.ok(layer?.sqnrDb !== undefined && Math.abs(layer.sqnrDb) < 10, JSON.stringify(layer));
});

test('half precision inside and out is held against float32', async () => {
  const half = classifier({ dtype: 'float16' });
  const found = await compared(classifier(), half, { data: dataOf(5) });
  assert.equal(found.agreement?.mean, 1);
  assert.ok(found.maxError > 0 && found.maxError < 0.01, String(found.maxError));
  assert.equal(found.kernels[0]?.scheme, 'float16');
});

test('other names are matched by place; other shapes and missing inputs are refused', async () => {
  const renamed = classifier({ input: 'input_1', output: 'output_1' });
  assert.equal((await compared(classifier(), renamed)).maxError, 0);
  const wider = classifier({ classes: 3, weight: Array(12).fill(1) });
  await fails(
    compared(classifier(), wider),
    /The output 'logits' is float32 \[1, 2\] in m\d+\.onnx and float32 \[1, 3\] in/,
  );
  const two = save(
    aModel({
      nodes: [makeNode('Add', ['x', 'more'], ['logits'])],
      inputs: [aValue('x', 'float32', ['batch', 4]), aValue('more', 'float32', ['batch', 4])],
      outputs: [aValue('logits', 'float32', ['batch', 4])],
    }),
  );
  await fails(
    compared(classifier(), two),
    /takes an input 'more' .* that m\d+\.onnx does not have/,
  );
});

test('a candidate that makes no numbers is a finding, not a failure', async () => {
  const broken = classifier({ weight: [NaN, 0, 0, 1, 1, 1, 0, 2] });
  const found = await compared(classifier(), broken, { data: dataOf(5) });
  assert.equal(found.broken, 5);
  assert.deepEqual([found.kl, found.agreement?.mean, found.accuracy?.candidate], [null, 0, 0]);
  // JSON has no infinity: what is printed must be what was found.
  assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
});

test('a candidate that does not load is told by its own names', async () => {
  const bad = save(
    aModel({
      nodes: [
        makeNode('MatMul', ['x', 'head.weight'], ['m'], { name: '/head/MatMul' }),
        makeNode('Relu', ['m'], ['logits'], { name: '/head/Relu', slope: 3 }),
      ],
      initializers: [aTensor('head.weight', 'float16', [4, 2], Array(8).fill(1))],
      inputs: [aValue('x', 'float16', ['batch', 4])],
      outputs: [aValue('logits', 'float16', ['batch', 2])],
    }),
  );
  await fails(compared(classifier(), bad), /^m\d+\.onnx: [^@]*\/head\/Relu[^@]*$/);
});

test('a batch of its own size leaves samples out, and says how many', async () => {
  const fixed = classifier({ batch: 4 });
  const found = await compared(fixed, fixed, { data: dataOf(70) });
  assert.deepEqual([found.samples, found.leftOut], [68, 2]);
});

test('without data the models share made-up inputs, at the sizes asked for', async () => {
  const file = classifier();
  const found = await compared(file, file, { dims: { batch: 6 } });
  assert.deepEqual([found.data, found.accuracy, found.samples], ['synthetic', null, 48]);
  assert.deepEqual(found.latency.inputs[0]?.shape, [6, 4]);
  await fails(compared(file, file, { rounds: 0 }), /At least one round/);
});

test('it stops when asked', async () => {
  const stop = new AbortController();
  const file = classifier();
  const work = compared(file, file, { data: dataOf(70), signal: stop.signal }, () => stop.abort());
  await assert.rejects(work, /Cancelled/);
});

test('memory is measured in a process of its own', async () => {
  const large = save(
    aModel({
      nodes: [makeNode('MatMul', ['x', 'w'], ['y'])],
      initializers: [aTensor('w', 'float32', [2048, 2048], new Float32Array(2048 * 2048).fill(1))],
      inputs: [aValue('x', 'float32', ['batch', 2048])],
      outputs: [aValue('y', 'float32', ['batch', 2048])],
    }),
  );
  const small = save(
    aModel({
      nodes: [makeNode('Identity', ['x'], ['y'])],
      inputs: [aValue('x', 'float32', ['batch', 2048])],
      outputs: [aValue('y', 'float32', ['batch', 2048])],
    }),
  );
  const without = await compared(large, small);
  assert.deepEqual(without.peakMemoryBytes, { reference: null, candidate: null });
  const { peakMemoryBytes } = await compared(large, small, { program: engineProgram() });
  const { reference, candidate } = peakMemoryBytes;
  if (process.platform !== 'linux') return;
  // At least the weights themselves; the runtime's own share is in both.
  assert.ok((reference ?? 0) - (candidate ?? Infinity) > 16e6, JSON.stringify(peakMemoryBytes));
});

test('a language model has a perplexity', { skip: withoutModels }, async () => {
  const model = join(modelsFolder, 'tiny-lm/model.onnx');
  const data = join(modelsFolder, 'tiny-lm/valid.npz');
  const { perplexity, metric } = await compared(model, model, { data });
  assert.equal(metric, 'classes');
  // What the model's own description says of it.
  assert.ok(Math.abs((perplexity?.reference ?? 0) - 43.31) < 0.01, String(perplexity?.reference));
  assert.deepEqual(perplexity?.ratio, { mean: 1, low: 1, high: 1 });
});
