import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  type ActionName,
  actionNames,
  actionOf,
  factsOf as actionFacts,
} from '../../src/actions/index';
import { UserError } from '../../src/base/errors';
import { applySteps } from '../../src/build/apply';
import { runInputs } from '../../src/engine/inputs';
import { Models, type SizedModel } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import type { Step } from '../../src/protocol/recipe';
import type { Calibration } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds, RunTensor } from '../../src/runtime/runner';
import { normalizedSquaredError } from '../../src/tensor/measures';
import { numbersOf } from '../../src/runtime/arrays';
import { factsOf } from '../support/facts';
import { modelsFolder, withoutModels } from '../support/models';

type Params = Readonly<Record<string, unknown>>;

/** Beyond rounding nothing changes. */
const exact = 1e-6;

/**
 * What a scheme may do to the outputs of models whose weights are random: share of the signal's energy that becomes error. Infinity for
 * schemes that are known to lose the answers. Exact preparations have a test of their own.
 */
const limits: Partial<Record<ActionName, (params: Params) => number>> = {
  int8Dynamic: () => 0.02,
  int8Static: () => 0.1,
  weightOnly: ({ bits = '4' }) => ({ '8': 0.02, '4': 0.25 })[String(bits)] ?? Infinity,
  // In a model that is in 8 bits already a change in the fourth digit may move a code.
  halfStorage: () => 1e-3,
  // Of a model in 8 bits a change in the fourth digit moves a code here too.
  halfCompute: () => 1e-3,
  codebook: () => 0.25,
  fixedPoint: ({ bits = 6 }) => (Number(bits) >= 6 ? 0.02 : Infinity),
  binary: () => Infinity,
  smoothQuant: () => exact,
  awq: () => exact,
  equalize: () => exact,
  correctBias: () => 0.02,
};

const session = { threads: 1, provider: 'cpu', optimize: 'all' } as const;
/** Some of the models run at one size only: that of their example. */
interface Known {
  readonly file: string;
  readonly inputs: readonly { readonly name: string; readonly example: number[] }[];
}

interface Scheme {
  readonly name: string;
  readonly step: Step;
  readonly limit: number;
}

function schemesOf(wanted: (name: ActionName) => boolean): Scheme[] {
  return actionNames.filter(wanted).flatMap((action) => {
    const limitOf = limits[action];
    assert.ok(limitOf, `${action} has no row in the table of limits`);
    return actionFacts(action).choices.map(({ title, params }) => ({
      name: `${action}: ${title}`,
      step: { action, targets: {}, params },
      limit: limitOf(params),
    }));
  });
}

/**
 * Every small model takes every entry of the wanted actions' menus and still loads, runs and answers within the scheme's error, or says
 * why not.
 */
export function testEveryModel(group: string, wanted: (name: ActionName) => boolean): void {
  test(
    `every small model takes every ${group}, or says why not`,
    { skip: withoutModels },
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'featherweight-actions-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const changed = new Map<string, number>();
      const schemes = schemesOf(wanted);
      for (const known of factsOf<Known>('structures')) {
        const trial = await openTrial(known, folder);
        for (const scheme of schemes) {
          const isChanged = await tryScheme(trial, scheme);
          changed.set(scheme.name, (changed.get(scheme.name) ?? 0) + Number(isChanged));
        }
      }
      report(t, changed);
    },
  );
}

function report(t: TestContext, changed: ReadonlyMap<string, number>): void {
  for (const [name, count] of changed) t.diagnostic(`${name}: ${count} models changed`);
}

interface Trial {
  readonly known: Known;
  readonly sized: SizedModel;
  readonly feeds: Feeds;
  readonly reference: RunTensor;
  readonly calibration: Calibration;
  /** Where models are written. */
  readonly folder: string;
}

const runner = ortRunner();

async function openTrial(known: Known, folder: string): Promise<Trial> {
  const file = join(modelsFolder, 'structures', known.file);
  const shapes = Object.fromEntries(known.inputs.map((input) => [input.name, input.example]));
  const sized = new Models().sized(file, { shapes });
  const feeds = runInputs(sized, undefined, 1).feeds(0);
  const reference = await firstOutput(file, feeds);
  return { known, sized, feeds, reference, folder, calibration: made(sized, feeds, folder) };
}

/** The made-up inputs as if they were somebody's data. */
function made(sized: SizedModel, feeds: Feeds, folder: string): Calibration {
  return {
    name: 'made up',
    samples: 1,
    batches: () => [{ feeds, mask: undefined, labels: undefined }],
    async load(model, options) {
      const file = join(folder, 'trial.onnx');
      saveModel(model, file, { open: sized.external.open });
      return runner.load(file, { ...session, ...options });
    },
  };
}

/** Whether the scheme changed anything. Fails where it made a model that does not run, or errs too much. */
async function tryScheme(trial: Trial, { name, step, limit }: Scheme): Promise<boolean> {
  const { sized, calibration, known, folder, feeds, reference } = trial;
  const what = `${known.file}, ${name}`;
  const needsData = actionOf(step.action as ActionName).data !== 'none';
  const options = { open: sized.external.open, ...(needsData ? { calibration } : {}) };
  const applied = await applySteps(sized.index, [step], options).catch((error: unknown) => {
    assert.ok(error instanceof UserError, `${what}: ${String(error)}`);
    assert.match(error.message, /\w.*\.$/, what);
    return undefined;
  });
  for (const { why } of applied?.steps[0]?.skipped ?? []) assert.match(why, /\w.*\.$/, what);
  if (!applied || applied.index.model === sized.index.model) return false;
  const output = join(folder, 'model.onnx');
  saveModel(applied.index.model, output, { open: sized.external.open });
  const candidate = await firstOutput(output, feeds).catch((error: unknown) => {
    throw new Error(`${what}: ${String(error)}`);
  });
  assert.deepEqual(candidate.shape, reference.shape, what);
  const error = normalizedSquaredError(numbersOf(reference), numbersOf(candidate));
  assert.ok(error <= limit || limit === Infinity, `${what}: error ${error}`);
  return true;
}

async function firstOutput(file: string, feeds: Feeds): Promise<RunTensor> {
  const loaded = await runner.load(file, session);
  try {
    const [name = ''] = loaded.outputs;
    const tensor = (await loaded.run(feeds, [name])).outputs[name];
    assert.ok(tensor);
    return tensor;
  } finally {
    await loaded.release();
  }
}
