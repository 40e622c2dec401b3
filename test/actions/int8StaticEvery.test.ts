import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySteps } from '../../src/build/apply';
import { normalizedSquaredError } from '../../src/tensor/measures';
import { numbersOf } from '../../src/runtime/arrays';
import { syntheticCalibration } from '../support/calibration';
import { runFile, runModel } from '../support/loading';
import { withoutModels } from '../support/models';
import { smallModels } from '../support/smallModels';

/** Share of the first output's energy that may become error: weights are random, and so is the data. */
const tolerance = 0.002;
const steps = [
  { action: 'convertOpset', targets: {} },
  { action: 'int8Static', targets: {} },
];

test(
  'every small model either takes int8 static and still runs, or says why not',
  { skip: withoutModels },
  async (t) => {
    let changed = 0;
    for (const { source, file, sized, feeds } of smallModels()) {
      const { open } = sized.external;
      const applied = await applySteps(sized.index, steps, {
        open,
        calibration: syntheticCalibration(sized, 2),
      });
      const outcome = applied.steps[1]!;
      for (const { why } of outcome.skipped) assert.match(why, /\w.*\.$/, file);
      if (outcome.layers.length === 0) continue;
      changed++;
      const [before] = Object.values(await runFile(file, feeds));
      const [after] = Object.values(await runModel(applied.index.model, feeds, open));
      const error = normalizedSquaredError(numbersOf(before!), numbersOf(after!));
      assert.deepEqual(after!.shape, before!.shape);
      assert.ok(error <= tolerance, `${source}: error ${error} of ${outcome.layers.length} layers`);
    }
    t.diagnostic(`${changed} models changed`);
    assert.ok(changed > 45);
  },
);
