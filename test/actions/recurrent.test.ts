import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openCalibration } from '../../src/engine/calibration';
import { Models } from '../../src/engine/models';
import { ortRunner } from '../../src/runtime/ort';
import { modelsFolder, withoutModels } from '../support/models';
import { trial } from '../support/trial';

const int8 = [{ action: 'int8Dynamic', targets: {} }] as const;
const at = (name: string) => join(modelsFolder, name);

describe('LSTMs in 8 bits', { skip: withoutModels }, () => {
  for (const [model, lstms] of [
    ['vad/model.onnx', 2],
    ['vad/model-if.onnx', 4],
  ] as const) {
    test(`${model}: weights rearranged inside bodies of If are quantized once, decisions stay`, async (t) => {
      const made = await trial(at(model), int8);
      t.after(() => made.remove());
      const index = made.applied.index;
      const kernels = index.entries.filter(({ node }) => node.op === 'DynamicQuantizeLSTM');
      assert.equal(kernels.length, lstms);
      assert.equal(new Set(kernels.map(({ node }) => node.inputs[1])).size, lstms / 2);
      assert.ok(made.share < 0.7, `${made.share}`);
      assert.ok(!index.entries.some(({ node }) => node.op === 'ConvInteger'));
      const { equal, all } = await sameDecisions(at(model), made.file, at('vad/speech.npz'));
      t.diagnostic(`${equal} of ${all} decisions are the same`);
      assert.ok(equal >= 0.99 * all);
    });
  }

  test('a sentence classifier takes a quarter of its bytes and is as accurate', async (t) => {
    const made = await trial(at('lstm-sst2/model.onnx'), int8);
    t.after(() => made.remove());
    assert.ok(made.share <= 0.26, `${made.share}`);
    const { accuracy } = await made.difference(at('lstm-sst2/dev.npz'));
    const { mean, halfWidth } = accuracy!.difference;
    assert.ok(mean + halfWidth >= 0, `accuracy fell by ${-mean}`);
  });
});

/** Chunks whose probability of speech falls on the same side of one half. */
async function sameDecisions(file: string, candidate: string, data: string) {
  const options = { runner: ortRunner(), data, samples: Infinity, folder: '', threads: 1 };
  const { batches } = openCalibration(new Models().sized(file, {}), options);
  const session = { threads: 1, provider: 'cpu', optimize: 'all' } as const;
  const [a, b] = await Promise.all([
    options.runner.load(file, session),
    options.runner.load(candidate, session),
  ]);
  let equal = 0;
  let all = 0;
  for (const { feeds } of batches()) {
    const [name = ''] = a.outputs;
    const before = (await a.run(feeds, [name])).outputs[name]!.data as Float32Array;
    const after = (await b.run(feeds, [name])).outputs[name]!.data as Float32Array;
    before.forEach((value, i) => {
      all++;
      if (value > 0.5 === after[i]! > 0.5) equal++;
    });
  }
  await Promise.all([a.release(), b.release()]);
  return { equal, all };
}
