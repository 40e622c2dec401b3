import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInputs } from '../../src/engine/inputs';
import { Models } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import { applySteps } from '../../src/build/apply';
import type { Step } from '../../src/protocol/recipe';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds, Session } from '../../src/runtime/runner';
import { normalizedSquaredError } from '../../src/tensor/measures';
import { numbersOf } from '../../src/runtime/arrays';
import { factsOf } from '../support/facts';
import { modelsFolder, withoutModels } from '../support/models';

/** What a scheme may do to the outputs of models whose weights are random: share of the signal's energy that becomes error. */
const schemes: readonly { step: Step; error: number }[] = [
  { step: { action: 'int8Dynamic', targets: {} }, error: 0.02 },
  { step: { action: 'weightOnly', targets: {}, params: { bits: '8', block: '16' } }, error: 0.02 },
  { step: { action: 'weightOnly', targets: {}, params: { bits: '4', block: '16' } }, error: 0.25 },
];

const session = { threads: 1, provider: 'cpu', optimize: 'all' } as const;
/** Some of the models run at one size only: that of their example. */
interface Known {
  readonly file: string;
  readonly inputs: readonly { readonly name: string; readonly example: number[] }[];
}
const known = factsOf<Known>('structures');

for (const { step, error } of schemes) {
  const name = `${step.action} ${Object.values(step.params ?? {}).join(' ')}`.trim();
  test(
    `every small model either takes ${name} and still runs, or says why not`,
    { skip: withoutModels },
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'featherweight-actions-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const models = new Models();
      const runner = await ortRunner();
      let changed = 0;
      for (const { file: source, inputs } of known) {
        const file = join(modelsFolder, 'structures', source);
        const shapes = Object.fromEntries(inputs.map((input) => [input.name, input.example]));
        const model = models.sized(file, { shapes });
        const applied = await applySteps(model.index, [step], { open: model.external.open });
        const [outcome] = applied.steps;
        for (const { why } of outcome!.skipped) assert.match(why, /\w.*\.$/, file);
        if (outcome!.layers.length === 0) continue;
        changed++;
        const output = join(folder, 'model.onnx');
        saveModel(applied.index.model, output, { open: model.external.open });
        const reference = await runner.load(file, session);
        const candidate = await runner.load(output, session);
        const feeds = runInputs(model, undefined, 1).feeds(0);
        const found = await errorOf(reference, candidate, feeds);
        assert.ok(
          found <= error,
          `${source}: error ${found} with ${outcome!.layers.length} layers`,
        );
        await reference.release();
        await candidate.release();
      }
      t.diagnostic(`${changed} of ${known.length} models changed`);
      assert.ok(changed > known.length / 2);
    },
  );
}

/** Of the first output. */
async function errorOf(reference: Session, candidate: Session, feeds: Feeds): Promise<number> {
  const [name = ''] = reference.outputs;
  const a = (await reference.run(feeds, [name])).outputs[name]!;
  const b = (await candidate.run(feeds, [name])).outputs[name]!;
  assert.deepEqual(b.shape, a.shape);
  return normalizedSquaredError(numbersOf(a), numbersOf(b));
}
