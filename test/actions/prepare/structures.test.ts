import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { applySteps } from '../../../src/build/apply';
import { isUserError } from '../../../src/base/errors';
import { runInputs } from '../../../src/engine/inputs';
import { Models } from '../../../src/engine/models';
import { checkModel } from '../../../src/onnx/check';
import { isActionName, actionOf, actionNames } from '../../../src/actions/index';
import type { Feeds } from '../../../src/runtime/runner';
import { calibrationOf, largestDifference, runFile, runModel, step } from '../../support/equal';
import { factsOf } from '../../support/facts';
import { modelsFolder, withoutModels } from '../../support/models';

/** Every exact preparation on every small model: it is changed and answers as before, or stays as it was. */

interface Known {
  readonly file: string;
  readonly inputs: readonly { readonly name: string; readonly example: number[] }[];
}

/** Outputs of the models as they came. */
const references = new Map<string, Promise<Feeds>>();
function referenceOf(file: string, feeds: Feeds): Promise<Feeds> {
  const outputs = references.get(file) ?? runFile(file, feeds);
  references.set(file, outputs);
  return outputs;
}

const preparations = actionNames.filter((name) => {
  const { group, data } = actionOf(name);
  return (group === 'prepare' && data === 'none') || name === 'awq';
});

/** How many of the models each changes at least: fewer would mean that a pattern is no longer seen. */
const changed: Readonly<Record<string, number>> = {
  convertOpset: 20,
  foldBatchNorm: 1,
  foldConstants: 30,
  keepUnfused: 12,
  skipUnread: 12,
  fuseAttention: 6,
  fuseGelu: 3,
  fuseQkv: 15,
  transposeGemm: 10,
  deduplicate: 1,
  awq: 20,
};

/** What stands before one in a recipe, since it makes its pattern plain. */
const before: Readonly<Record<string, readonly string[]>> = { fuseAttention: ['foldConstants'] };

for (const name of preparations) {
  test(
    `${name} leaves the answers of every small model equal`,
    { skip: withoutModels },
    async (t) => {
      assert.ok(isActionName(name));
      const models = new Models();
      let count = 0;
      for (const { file: source, inputs } of factsOf<Known>('structures')) {
        const file = join(modelsFolder, 'structures', source);
        const shapes = Object.fromEntries(inputs.map((input) => [input.name, input.example]));
        const sized = models.sized(file, { shapes });
        const { open } = sized.external;
        const first = (before[name] ?? []).map((each) => step(each));
        const from = (await applySteps(sized.index, first, { open })).index;
        const feeds = runInputs(sized, undefined, 1).feeds(0);
        const data =
          actionOf(name).data === 'none' ? {} : { calibration: calibrationOf([feeds], open) };
        const { index } = await applySteps(from, [step(name)], { open, ...data }).catch((error) => {
          assert.ok(isUserError(error) && /\w.*\.$/.test(error.message), `${source}: ${error}`);
          return { index: from };
        });
        if (index.model === from.model) continue;
        count++;
        assert.deepEqual(checkModel(index.model), [], source);
        const after = await runModel(index.model, feeds, open);
        const difference = largestDifference(await referenceOf(file, feeds), after);
        assert.ok(difference <= toleranceOf(source), `${source}: ${difference}`);
      }
      t.diagnostic(`${count} models changed`);
      assert.ok(count >= (changed[name] ?? 1), `${name} changes only ${count} models`);
    },
  );
}

/** Where activations are rounded to 8 or 16 bits, a sum in another order now and then falls on the other side. */
const toleranceOf = (file: string) => (/int8|static|bit|fp16/.test(file) ? 0.02 : 1e-5);
