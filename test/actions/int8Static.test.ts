import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Models } from '../../src/engine/models';
import { ortRunner } from '../../src/runtime/ort';
import { modelsFolder, withoutModels } from '../support/models';
import { trial } from '../support/trial';

/** Operators of the graph that the runtime makes of a model, with their counts. */
async function optimised(file: string): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-optimised-'));
  const optimizedFile = join(folder, 'model.onnx');
  const session = await ortRunner().load(file, {
    ...{ threads: 1, provider: 'cpu', optimize: 'all', optimizedFile },
  });
  await session.release();
  const { entries } = new Models().sized(optimizedFile, {}).index;
  rmSync(folder, { recursive: true, force: true });
  const counts: Record<string, number> = {};
  for (const { node } of entries) counts[node.op] = (counts[node.op] ?? 0) + 1;
  return counts;
}

test(
  'mnist-resnet: every convolution, sum and pool runs on integers, as accurate as before',
  { skip: withoutModels },
  async (t) => {
    const folder = join(modelsFolder, 'mnist-resnet');
    const step = { action: 'int8Static', targets: {} };
    const made = await trial(join(folder, 'model.onnx'), [step], {
      calibration: join(folder, 'calib.npz'),
    });
    t.after(() => made.remove());
    const kernels = await optimised(made.file);
    assert.equal(kernels['QLinearConv'], 15);
    assert.equal(kernels['QLinearAdd'], 6);
    for (const op of ['Conv', 'Relu', 'Add', 'DequantizeLinear']) {
      assert.equal(kernels[op], undefined, op);
    }
    const { accuracy, sqnrDb } = await made.difference(join(folder, 'test.npz'));
    assert.ok(Math.abs(accuracy!.candidate - accuracy!.reference) <= 0.001);
    assert.ok(sqnrDb > 35, `${sqnrDb} dB`);
    assert.ok(made.share < 0.32);
  },
);
