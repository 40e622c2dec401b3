import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { choicesFor, planChoiceNames, planChoiceOf } from '../../src/build/plan/choices';
import { fitsGroup, savingOf } from '../../src/build/plan/groups';
import { frontOf } from '../../src/build/plan/knapsack';
import { readStep } from '../../src/build/apply';
import { Models } from '../../src/engine/models';
import { plannedGroups } from '../../src/engine/plan/measure';
import { modelsFolder, withoutModels } from '../support/models';

const size = { kind: 'size', value: 1 } as const;
const speed = { kind: 'speed', value: 2 } as const;

test('every choice is a sound step of its action', () => {
  for (const name of planChoiceNames) {
    const { step, insteadOf } = planChoiceOf(name);
    if (step) assert.doesNotThrow(() => readStep({ ...step, targets: {} }), name);
    if (insteadOf !== undefined)
      assert.ok((planChoiceNames as readonly string[]).includes(insteadOf));
  }
});

test('where bytes count, what is as small and more exact stands in the place of integers', () => {
  assert.ok(!choicesFor(size, () => true).includes('int8'));
  const convolution = choicesFor(size, (name) => ['half', 'int8Static', 'nf4'].includes(name));
  assert.deepEqual(convolution, ['keep', 'half', 'int8Static', 'nf4']);
});

test('where time counts, only what may run faster is tried', () => {
  const tried = choicesFor(speed, () => true);
  assert.ok(tried.includes('int8') && tried.includes('int8Static'));
  assert.ok(!tried.includes('half') && !tried.includes('nf4'));
});

test('the front falls, and ends with the dearest options', () => {
  const items = [3, 5, 7].map((cost) => [
    { cost: 0, damage: cost },
    { cost, damage: 1 / cost },
    { cost: 2 * cost, damage: 0 },
  ]);
  const front = frontOf(items, 25);
  assert.deepEqual(front[0]?.damage, 15);
  assert.equal(front.at(-1)?.damage, 0);
  for (const [at, { cost, damage }] of front.entries()) {
    const before = front[at - 1];
    if (before) assert.ok(damage < before.damage && cost > before.cost);
  }
});

test('a tied head is decided on with its embedding', { skip: withoutModels }, () => {
  const models = new Models();
  const { groups } = plannedGroups(models.sized(join(modelsFolder, 'tiny-lm/model.onnx'), {}));
  const tied = groups.filter(({ members }) => members.length > 1);
  assert.equal(tied.length, 1);
  const [group] = tied;
  assert.ok(group && fitsGroup(group, 'bits4'));
  const { before, after } = savingOf(group, 'bits4');
  assert.ok(after > before / 16 && after < before / 6, `${before} → ${after}`);
  models.dispose();
});

test('convolutions can be planned', { skip: withoutModels }, () => {
  const models = new Models();
  const { groups } = plannedGroups(models.sized(join(modelsFolder, 'mnist-resnet/model.onnx'), {}));
  const convolutions = groups.filter(({ layer }) => layer.op === 'Conv');
  assert.ok(convolutions.length > 5);
  for (const group of convolutions)
    assert.ok(fitsGroup(group, 'int8Static') && fitsGroup(group, 'half'));
  models.dispose();
});
