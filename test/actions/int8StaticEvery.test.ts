import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInputs } from '../../src/engine/inputs';
import { Models } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import { applySteps } from '../../src/build/apply';
import { ortRunner } from '../../src/runtime/ort';
import { normalizedSquaredError } from '../../src/tensor/measures';
import { numbersOf } from '../../src/runtime/arrays';
import { syntheticCalibration } from '../support/calibration';
import { factsOf } from '../support/facts';
import { modelsFolder, withoutModels } from '../support/models';

/** Share of the first output's energy that may become error: weights are random, and so is the data. */
const tolerance = 0.002;
const session = { threads: 1, provider: 'cpu', optimize: 'all' } as const;

interface Known {
  readonly file: string;
  readonly inputs: readonly { readonly name: string; readonly example: number[] }[];
}

test(
  'every small model either takes int8 static and still runs, or says why not',
  { skip: withoutModels },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'featherweight-static-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const models = new Models();
    const runner = ortRunner();
    let changed = 0;
    for (const { file: source, inputs } of factsOf<Known>('structures')) {
      const file = join(modelsFolder, 'structures', source);
      const shapes = Object.fromEntries(inputs.map((input) => [input.name, input.example]));
      const model = models.sized(file, { shapes });
      const steps = [
        { action: 'convertOpset', targets: {} },
        { action: 'int8Static', targets: {} },
      ];
      const applied = await applySteps(model.index, steps, {
        open: model.external.open,
        calibration: syntheticCalibration(model, 2),
      });
      const outcome = applied.steps[1]!;
      for (const { why } of outcome.skipped) assert.match(why, /\w.*\.$/, file);
      if (outcome.layers.length === 0) continue;
      changed++;
      const output = join(folder, 'model.onnx');
      saveModel(applied.index.model, output, { open: model.external.open });
      const reference = await runner.load(file, session);
      const candidate = await runner.load(output, session);
      const feeds = runInputs(model, undefined, 1).feeds(0);
      const [name = ''] = reference.outputs;
      const a = (await reference.run(feeds, [name])).outputs[name]!;
      const b = (await candidate.run(feeds, [name])).outputs[name]!;
      const error = normalizedSquaredError(numbersOf(a), numbersOf(b));
      assert.deepEqual(b.shape, a.shape);
      assert.ok(error <= tolerance, `${source}: error ${error} of ${outcome.layers.length} layers`);
      await reference.release();
      await candidate.release();
    }
    t.diagnostic(`${changed} models changed`);
    assert.ok(changed > 45);
  },
);
