import { Ajv } from 'ajv';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionFacts } from '../../src/engine/offers';
import { readyRecipeNames, readyRecipeOf } from '../../src/recipe/ready';
import { recipeSchema } from '../../src/recipe/schema';
import { parseRecipe } from '../../src/recipe/parse';
import { actions } from './actions';

const valid = new Ajv({ strict: false }).compile(recipeSchema(actions));

const whole = {
  version: 1,
  model: { file: 'm.onnx', sha256: 'a'.repeat(64) },
  data: { calibration: 'c.npz', samples: 4 },
  steps: [
    { action: 'fine', targets: {}, params: {} },
    {
      action: 'coarse',
      targets: { layers: ['a'], parts: ['head'], blocks: [0], except: [{ ops: ['Conv'] }] },
      params: { bits: '4', share: 0.5, signed: true, block: 16 },
      note: 'why',
    },
  ],
  measured: { bytes: { before: 2, after: 1 } },
};
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- changes are of any shape
type Wild = any;

/** Changes that are no recipe any more. */
const changes: readonly ((recipe: Wild) => unknown)[] = [
  (r) => (r.version = 2),
  (r) => delete r.version,
  (r) => delete r.model,
  (r) => delete r.steps,
  (r) => delete r.model.file,
  (r) => (r.model.file = ''),
  (r) => (r.model.sha256 = 'xyz'),
  (r) => (r.passes = {}),
  (r) => (r.data.samples = 0),
  (r) => (r.data.file = 'x'),
  (r) => (r.steps = {}),
  (r) => (r.steps[0] = 'fine'),
  (r) => delete r.steps[0].action,
  (r) => delete r.steps[0].targets,
  (r) => (r.steps[0].action = 'prune'),
  (r) => (r.steps[0].params = { bits: '4' }),
  (r) => (r.steps[1].params.bits = 4),
  (r) => (r.steps[1].params.bits = '3'),
  (r) => (r.steps[1].params.share = 1.5),
  (r) => (r.steps[1].params.block = 16.5),
  (r) => (r.steps[1].params.signed = 'yes'),
  (r) => (r.steps[1].targets.parts = ['heads']),
  (r) => (r.steps[1].targets.layers = [1]),
  (r) => (r.steps[1].targets.blocks = [-1]),
  (r) => (r.steps[1].targets.except = [{ op: 'Conv' }]),
];

test('the schema and the parser take and refuse the same recipes', () => {
  const taken = (recipe: unknown) => parseRecipe(JSON.stringify(recipe), actions).recipe;
  assert.ok(valid(whole), JSON.stringify(valid.errors));
  assert.ok(taken(whole));
  for (const change of changes) {
    const wrong = structuredClone(whole) as Wild;
    change(wrong);
    assert.ok(!valid(wrong), String(change));
    assert.equal(taken(wrong), undefined, String(change));
  }
});

test('the schema of the real actions takes the ready recipes', () => {
  const real = new Ajv({ strict: false }).compile(recipeSchema(actionFacts()));
  for (const name of readyRecipeNames) {
    const steps = readyRecipeOf(name).steps({ family: 'decoder', parts: [], data: true });
    assert.ok(real({ ...whole, steps }), `${name}: ${JSON.stringify(real.errors)}`);
  }
});

test('every choice says what it means', () => {
  const text = JSON.stringify(recipeSchema(actionFacts()));
  const schema = JSON.parse(text) as Wild;
  const [first] = schema.properties.steps.items.properties.action.enumDescriptions;
  assert.match(first, /\w.*: .*\.$/);
  for (const { then } of schema.properties.steps.items.allOf) {
    for (const spec of Object.values<Wild>(then.properties.params.properties)) {
      assert.equal(spec.enum?.length, spec.enumDescriptions?.length);
      assert.match(spec.description, /\.$/);
    }
  }
});
