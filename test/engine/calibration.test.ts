import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DataOptions, openCalibration } from '../../src/engine/calibration';
import { evaluationInputs, runInputs } from '../../src/engine/inputs';
import { Models, type SizedModel } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import { ortRunner } from '../../src/runtime/ort';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { float32, int64, npzOf, numbersIn } from '../support/datasets';
import { inFolder } from '../support/folder';
import { modelsFolder, withoutModels } from '../support/models';

/** A model that doubles rows of one number, and 20 samples in each kind of data, sample k being k. */
async function withData(
  body: (sized: SizedModel, files: readonly string[], folder: string) => void,
) {
  await inFolder(async (folder) => {
    const file = join(folder, 'model.onnx');
    const model = aModel({
      nodes: [aNode('Mul', ['x', 'two'], ['y'])],
      initializers: [aTensor('two', 'float32', [1], [2])],
      inputs: [aValue('x', 'float32', ['batch', 1])],
      outputs: [aValue('y', 'float32', ['batch', 1])],
    });
    await saveModel(model, file, {});
    const values = Array.from({ length: 20 }, (_, at) => at);
    const labels = values.map((value) => value % 3);
    const arrays = npzOf({ x: float32([20, 1], values), label: int64([20], labels) });
    const lines = values.map((value) => `${value},${value % 3}`);
    writeFileSync(join(folder, 'a.npz'), arrays);
    writeFileSync(join(folder, 'a.csv'), `x,label\n${lines.join('\n')}\n`);
    body(
      new Models().sized(file, {}),
      ['a.npz', 'a.csv'].map((name) => join(folder, name)),
      folder,
    );
  });
}

const valuesOf = (sized: SizedModel, options: Omit<DataOptions, 'runner' | 'threads'>) => {
  const found = openCalibration(sized, { ...options, runner: ortRunner(), threads: 1 });
  const values = [...found.batches()].flatMap(({ feeds }) => numbersIn(feeds, 'x'));
  return { values, facts: found.facts };
};

test('a seed draws the same samples of every kind of data', () =>
  withData((sized, files, folder) => {
    const drawn = files.map((data) => {
      const { values, facts } = valuesOf(sized, { data, folder, samples: 6, drawnWith: 3 });
      assert.deepEqual([facts.samples, facts.used, facts.drawnWith], [20, 6, 3]);
      assert.equal(facts.classes, new Set(values.map((value) => value % 3)).size);
      return values;
    });
    assert.deepEqual(drawn[0], drawn[1]);
    assert.equal(new Set(drawn[0]).size, 6);
    const [first] = files.map((data) => valuesOf(sized, { data, folder, samples: 6 }).values);
    assert.deepEqual(first, [0, 1, 2, 3, 4, 5]);
    assert.notDeepEqual(first, drawn[0]);
  }));

test('what is skipped is never seen', () =>
  withData((sized, [data = ''], folder) => {
    const seen = valuesOf(sized, { data, folder, samples: 12, drawnWith: 1 }).values;
    const unseen = valuesOf(sized, { data, folder, samples: 12, drawnWith: 1, skip: 12 }).values;
    assert.deepEqual(
      [...seen, ...unseen].sort((a, b) => a - b),
      [...Array(20).keys()],
    );
  }));

test('profiles and comparisons describe the same data alike', () =>
  withData((sized, files) => {
    for (const data of files) {
      const { facts } = evaluationInputs(sized, data, 1);
      assert.deepEqual(
        [facts.used, facts.classes, facts.lengths, facts.assumed],
        [20, 3, null, []],
      );
      assert.deepEqual(runInputs(sized, data, 1).facts, facts);
    }
    assert.equal(runInputs(sized, undefined, 4).facts.kind, null);
    assert.equal(evaluationInputs(sized, undefined, 4).facts.name, 'synthetic');
  }));

test('profiles and comparisons use the samples that calibration would draw', () =>
  withData((sized, files, folder) => {
    const which = { samples: 6, shuffle: true };
    for (const data of files) {
      const drawn = valuesOf(sized, { data, folder, samples: 6, drawnWith: 3 });
      const compared = evaluationInputs(sized, data, 3, which);
      const values = [...compared.batches(4)].flatMap(({ feeds }) => numbersIn(feeds, 'x'));
      assert.deepEqual(values, drawn.values);
      assert.deepEqual([compared.samples, compared.leftOut, compared.facts], [6, 0, drawn.facts]);
      const { feeds, facts } = runInputs(sized, data, 3, { ...which, runs: 4 });
      const runs = Array.from({ length: 5 }, (_, run) => numbersIn(feeds(run), 'x')[0]);
      assert.deepEqual(runs, [...drawn.values.slice(0, 4), drawn.values[0]]);
      assert.deepEqual([facts.used, facts.drawnWith], [4, 3], 'what is run is told');
    }
  }));

test('texts reach a decoder with an empty cache', { skip: withoutModels }, async () => {
  await inFolder(async (folder) => {
    const data = join(folder, 'few.jsonl');
    writeFileSync(data, '{"text": "Once upon a time"}\n{"text": "Hello"}\n');
    const runner = ortRunner();
    const logits = [];
    for (const name of ['model.onnx', 'model-cache.onnx']) {
      const sized = new Models().sized(join(modelsFolder, 'tiny-lm', name), {});
      const options = { runner, data, folder, samples: 2, threads: 1 };
      const session = await runner.load(sized.file, {
        threads: 1,
        provider: 'cpu',
        optimize: 'all',
      });
      for (const { feeds, mask } of openCalibration(sized, options).batches()) {
        assert.ok(mask && mask.real.includes(0), 'the shorter text is padded');
        logits.push((await session.run(feeds, ['logits'])).outputs['logits']!);
      }
      await session.release();
    }
    const [plain, cached] = logits;
    assert.deepEqual(cached!.shape, plain!.shape);
    const far = Math.max(
      ...(plain!.data as Float32Array).map((value, at) =>
        Math.abs(value - (cached!.data as Float32Array)[at]!),
      ),
    );
    assert.ok(far < 1e-3, String(far));
  });
});
