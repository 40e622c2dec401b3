import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySteps } from '../../../src/build/apply';
import { isUserError } from '../../../src/base/errors';
import { checkModel } from '../../../src/onnx/check';
import { type ActionName, actionOf, actionNames } from '../../../src/actions/index';
import type { Feeds } from '../../../src/runtime/runner';
import { dataOf } from '../../support/calibration';
import { largestDifference, step } from '../../support/equal';
import { runFile, runModel } from '../../support/loading';
import { withoutModels } from '../../support/models';
import { type SmallModel, smallModels } from '../../support/smallModels';

/** Every exact preparation on every small model: it is changed and answers as before, or stays as it was. */

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

/** What became of the models under one preparation. */
interface Outcome {
  changed: number;
  readonly problems: string[];
}

let everything: Promise<ReadonlyMap<string, Outcome>> | undefined;

/** Each model is read and run as it came once for all preparations. */
async function prepareEverything(): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map(preparations.map((name) => [name, { changed: 0, problems: [] }]));
  for (const small of smallModels()) {
    const outputs = await runFile(small.file, small.feeds);
    for (const [name, outcome] of outcomes) await prepare(small, outputs, name, outcome);
  }
  return outcomes;
}

async function prepare(
  { source, sized, feeds }: SmallModel,
  outputs: Feeds,
  name: ActionName,
  outcome: Outcome,
): Promise<void> {
  const { open } = sized.external;
  const first = (before[name] ?? []).map((each) => step(each));
  const from = (await applySteps(sized.index, first, { open })).index;
  const data = actionOf(name).data === 'none' ? {} : { calibration: dataOf([feeds], open) };
  const { index } = await applySteps(from, [step(name)], { open, ...data }).catch((error) => {
    assert.ok(isUserError(error) && /\w.*\.$/.test(error.message), `${source}: ${error}`);
    return { index: from };
  });
  if (index.model === from.model) return;
  outcome.changed++;
  const after = await runModel(index.model, feeds, open);
  const difference = largestDifference(outputs, after);
  if (difference > toleranceOf(source))
    outcome.problems.push(`${source}: differs by ${difference}`);
  outcome.problems.push(...checkModel(index.model).map((problem) => `${source}: ${problem}`));
}

for (const name of preparations) {
  test(
    `${name} leaves the answers of every small model equal`,
    { skip: withoutModels },
    async (t) => {
      everything ??= prepareEverything();
      const outcome = (await everything).get(name)!;
      t.diagnostic(`${outcome.changed} models changed`);
      assert.deepEqual(outcome.problems, []);
      const least = changed[name] ?? 1;
      assert.ok(outcome.changed >= least, `${name} changes only ${outcome.changed} models`);
    },
  );
}

/** Where activations are rounded to 8 or 16 bits, a sum in another order now and then falls on the other side. */
const toleranceOf = (file: string) => (/int8|static|bit|fp16/.test(file) ? 0.02 : 1e-5);
