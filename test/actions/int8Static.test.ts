import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ortRunner } from '../../src/runtime/ort';
import { openCalibration } from '../../src/engine/calibration';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { unmasked } from '../support/calibration';
import { facesOf, matchFaces } from '../support/faces';
import { modelsFolder, withoutModels } from '../support/models';
import { kernelsOf, quantized } from '../support/quantized';
import { trial } from '../support/trial';

const at = (path: string) => join(modelsFolder, path);
const step = { action: 'int8Static', targets: {} };

for (const [model, before] of [
  ['model.onnx', []],
  ['model-bn.onnx', [{ action: 'foldBatchNorm', targets: {} }]],
] as const) {
  test(
    `mnist-resnet/${model}: convolutions, sums and the pool run on integers, as accurate as before`,
    { skip: withoutModels },
    async (t) => {
      const made = await trial(at(`mnist-resnet/${model}`), [...before, step], {
        calibration: at('mnist-resnet/calib.npz'),
      });
      t.after(() => made.remove());
      const kernels = await kernelsOf(made.file);
      assert.deepEqual(
        ['QLinearConv', 'QLinearAdd', 'QLinearGlobalAveragePool'].map((op) => kernels[op]),
        [15, 6, 1],
      );
      for (const op of ['Conv', 'Relu', 'Add', 'BatchNormalization', 'DequantizeLinear']) {
        assert.equal(kernels[op], undefined, op);
      }
      const { accuracy, sqnrDb } = await made.difference(at('mnist-resnet/test.npz'));
      assert.ok(Math.abs(accuracy!.candidate - accuracy!.reference) <= 0.001);
      assert.ok(sqnrDb > 35, `${sqnrDb} dB`);
      assert.ok(made.share < 0.31, String(made.share));
    },
  );
}

test(
  'mobilenet: every convolution runs on integers, as accurate as before',
  { skip: withoutModels },
  async (t) => {
    const made = await trial(at('mnist-resnet/mobilenet.onnx'), [step], {
      calibration: at('mnist-resnet/calib.npz'),
    });
    t.after(() => made.remove());
    const kernels = await kernelsOf(made.file);
    assert.deepEqual([kernels['QLinearConv'], kernels['Conv']], [23, undefined]);
    const { accuracy } = await made.difference(at('mnist-resnet/test.npz'));
    assert.ok(Math.abs(accuracy!.candidate - accuracy!.reference) <= 0.001);
  },
);

test(
  'ultraface: from operator set 9, all 52 convolutions on integers, the same faces',
  { skip: withoutModels },
  async (t) => {
    const images = at('ultraface/images.npz');
    const made = await trial(
      at('ultraface/model.onnx'),
      [{ action: 'convertOpset', targets: {} }, step],
      { calibration: images },
    );
    t.after(() => made.remove());
    const kernels = await kernelsOf(made.file);
    assert.deepEqual([kernels['QLinearConv'], kernels['Conv']], [52, undefined]);
    const runner = ortRunner();
    const { batches } = openCalibration(made.source, {
      ...{ runner, data: images, samples: 24, folder: dirname(made.file), threads: 1 },
    });
    const options = { threads: 1, provider: 'cpu', optimize: 'all' } as const;
    const reference = await runner.load(at('ultraface/model.onnx'), options);
    const candidate = await runner.load(made.file, options);
    const overlaps: number[] = [];
    for (const { feeds } of batches()) {
      const [wanted, found] = [await reference.run(feeds), await candidate.run(feeds)].map(
        ({ outputs }) =>
          facesOf(outputs['scores']!.data as Float32Array, outputs['boxes']!.data as Float32Array),
      );
      const match = matchFaces(wanted!, found!);
      assert.deepEqual([match.matched.length, match.extra], [match.faces, 0]);
      overlaps.push(...match.matched);
    }
    const mean = overlaps.reduce((a, b) => a + b, 0) / overlaps.length;
    assert.equal(overlaps.length, 19);
    assert.ok(mean >= 0.95, String(mean));
    await reference.release();
    await candidate.release();
  },
);

test(
  'MiniLM: inputs of products alone, with outliers smoothed, keep its answers',
  { skip: withoutModels },
  async (t) => {
    const made = await trial(at('minilm-sst2/model.onnx'), [step], {
      ...{ calibration: at('minilm-sst2/calibration.npz'), samples: 64 },
    });
    t.after(() => made.remove());
    const kernels = await kernelsOf(made.file);
    assert.equal(kernels['MatMulIntegerToFloat'], 38);
    assert.equal(kernels['Gemm'], undefined);
    assert.ok(made.share <= 0.254, String(made.share));
    const { kl } = await made.difference(at('minilm-sst2/dev.npz'));
    assert.ok(kl!.mean <= 0.0017, String(kl!.mean));
  },
);

for (const shape of [[], [1], [1, 1], [3, 1]]) {
  test(`the bias of a Gemm may have the shape [${shape.join(', ')}]`, async () => {
    const count = shape.reduce((product, size) => product * size, 1);
    const sines = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i));
    const model = aModel(
      {
        inputs: [aValue('x', 'float32', [3, 64])],
        outputs: [aValue('y', 'float32', [3, 32])],
        initializers: [
          aTensor('w', 'float32', [64, 32], sines(64 * 32)),
          aTensor('b', 'float32', shape, sines(count).fill(1.5)),
        ],
        nodes: [aNode('Gemm', ['x', 'w', 'b'], ['y'])],
      },
      { opsets: new Map([['', 17]]) },
    );
    const x = { dtype: 'float32', shape: [3, 64], data: sines(192).reverse() } as const;
    const made = await quantized(model, [step], [unmasked({ x })]);
    assert.equal(made.kernels['MatMulIntegerToFloat'], 1);
    assert.ok(made.error > 0 && made.error < 1e-3, `${made.error}`);
  });
}
