import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { applySteps } from '../../../src/build/apply';
import { Models } from '../../../src/engine/models';
import { plannedGroups } from '../../../src/engine/plan/measure';
import { type Ready, readyFor, readyLayers, rivalsOf } from '../../../src/engine/plan/ready';
import { planWrite } from '../../../src/onnx/write';
import { modelsFolder, withoutModels } from '../../support/models';

test(
  'ready schemes are told with the bytes that they come to, each once',
  { skip: withoutModels },
  async (t) => {
    const models = new Models();
    t.after(() => models.dispose());
    const sized = models.sized(join(modelsFolder, 'digits-vit/model.onnx'), {});
    const ready = readyFor(sized);
    const names = ready.map(({ name }) => name);
    assert.ok(names.includes('int4') && names.includes('int8') && names.includes('fp16'));
    assert.ok(!names.includes('binary') && !names.includes('fp16-compute'));
    assert.equal(new Set(ready.map(({ steps }) => JSON.stringify(steps))).size, ready.length);
    const { open } = sized.external;
    for (const { name, steps, bytes } of ready.filter((each) =>
      ['int4', 'fp16'].includes(each.name),
    )) {
      const { index } = await applySteps(sized.index, steps, { open });
      const made = planWrite(index.model, { dataName: 'x.data', open }).model.length;
      assert.ok(Math.abs(made / bytes - 1) < 0.25, `${name}: ${bytes} for ${made}`);
    }
    const { groups } = plannedGroups(sized);
    const int4 = ready.find(({ name }) => name === 'int4');
    assert.ok(int4);
    const layers = readyLayers(groups, int4);
    assert.ok(layers.some(({ bytes }) => bytes.after < bytes.before / 4));
    assert.ok(layers.every(({ damage, choice }) => damage === null && choice === 'int4'));
  },
);

const ready = (name: string, action: string, bytes: number): Ready => ({
  ...{ name, bytes },
  steps: [{ action, targets: {} }],
});
const all = [
  ready('small', 'weightOnly', 50),
  ready('middle', 'weightOnly', 80),
  ready('large', 'int8Dynamic', 99),
  ready('larger', 'halfStorage', 150),
];
const namesOf = (found: readonly Ready[]) => found.map(({ name }) => name);

test('rivals under a size are those that nearly fill it', () => {
  const found = rivalsOf(all, { kind: 'size', value: 100 }, { bytes: 90 });
  assert.deepEqual(namesOf(found), ['large', 'middle']);
});

test('rivals under a damage are those that are smaller than the plan', () => {
  const found = rivalsOf(all, { kind: 'damage', value: 0.01 }, { bytes: 90 });
  assert.deepEqual(namesOf(found), ['middle']);
  const any = rivalsOf(all, { kind: 'damage', value: 0.01 }, { bytes: Infinity });
  assert.deepEqual(namesOf(any), ['larger', 'large'], 'where no plan keeps it, the most faithful');
});

test('rivals under a time have kernels that are quick', () => {
  const found = rivalsOf(all, { kind: 'speed', value: 2 }, { bytes: 90 });
  assert.deepEqual(namesOf(found), ['large']);
});
