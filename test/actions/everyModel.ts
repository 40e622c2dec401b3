import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  type ActionName,
  actionNames,
  actionOf,
  factsOf as actionFacts,
} from '../../src/actions/index';
import { UserError } from '../../src/base/errors';
import { applySteps } from '../../src/build/apply';
import type { Step } from '../../src/protocol/recipe';
import type { Feeds, RunTensor } from '../../src/runtime/runner';
import { normalizedSquaredError } from '../../src/tensor/measures';
import { numbersOf } from '../../src/runtime/arrays';
import { dataOf } from '../support/calibration';
import { runFile, runModel } from '../support/loading';
import { withoutModels } from '../support/models';
import { type SmallModel, smallModels } from '../support/smallModels';

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
      const changed = new Map<string, number>();
      const schemes = schemesOf(wanted);
      for (const small of smallModels()) {
        const reference = firstOf(await runFile(small.file, small.feeds));
        for (const scheme of schemes) {
          const isChanged = await tryScheme(small, reference, scheme);
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

const firstOf = (outputs: Feeds): RunTensor => Object.values(outputs)[0]!;

/** Whether the scheme changed anything. Fails where it made a model that does not run, or errs too much. */
async function tryScheme(
  { source, sized, feeds }: SmallModel,
  reference: RunTensor,
  { name, step, limit }: Scheme,
): Promise<boolean> {
  const what = `${source}, ${name}`;
  const { open } = sized.external;
  const needsData = actionOf(step.action as ActionName).data !== 'none';
  const options = { open, ...(needsData ? { calibration: dataOf([feeds], open) } : {}) };
  const applied = await applySteps(sized.index, [step], options).catch((error: unknown) => {
    assert.ok(error instanceof UserError, `${what}: ${String(error)}`);
    assert.match(error.message, /\w.*\.$/, what);
    return undefined;
  });
  for (const { why } of applied?.steps[0]?.skipped ?? []) assert.match(why, /\w.*\.$/, what);
  if (!applied || applied.index.model === sized.index.model) return false;
  const outputs = await runModel(applied.index.model, feeds, open).catch((error: unknown) => {
    throw new Error(`${what}: ${String(error)}`);
  });
  const candidate = firstOf(outputs);
  assert.deepEqual(candidate.shape, reference.shape, what);
  const error = normalizedSquaredError(numbersOf(reference), numbersOf(candidate));
  assert.ok(error <= limit || limit === Infinity, `${what}: error ${error}`);
  return true;
}
