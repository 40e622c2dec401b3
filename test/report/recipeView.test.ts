import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecipeCheck } from '../../src/protocol/build';
import type { Step } from '../../src/protocol/recipe';
import { choicesOf, recipeView, skippedView } from '../../src/report/recipeView';
import { shortTitle, stepWords, targetWords } from '../../src/report/recipeWords';
import { queryRows } from '../../src/report/rows';
import { actionFacts as facts, encoder } from './fixture';

const wordsOf = (step: Partial<Step>) => {
  const whole = { action: 'weightOnly', targets: {}, ...step };
  return stepWords(
    whole,
    facts.find(({ name }) => name === whole.action),
  );
};

test('a step has the words of the menu, and says what is not as usual', () => {
  assert.deepEqual(wordsOf({ action: 'int8Dynamic' }), { title: 'int8, dynamic', params: '' });
  assert.deepEqual(wordsOf({ action: 'int8Dynamic', params: { reduceRange: true } }), {
    title: 'int8, dynamic',
    params: 'seven bits',
  });
  assert.match(wordsOf({ params: { bits: '4', block: '64' } }).title, /^4-bit/);
  assert.equal(wordsOf({ params: { bits: '4', block: '64' } }).params, 'block 64');
  assert.equal(wordsOf({ params: { bits: '8' } }).params, 'width 8');
});

test('a step of an unknown action keeps its name, made fit to show', () => {
  assert.deepEqual(wordsOf({ action: 'prune\u202e' }).params, '');
  assert.doesNotMatch(wordsOf({ action: 'prune\u202e' }).title, /\u202e/);
});

test('targets read as a phrase', () => {
  assert.equal(targetWords({}), 'every layer that it fits');
  assert.equal(targetWords({ layers: ['a.b'] }), 'a.b');
  assert.equal(targetWords({ layers: ['a', 'b'] }), '2 layers');
  assert.equal(
    targetWords({
      parts: ['attention', 'feedForward'],
      blocks: [1, 2, 3],
      except: [{ roles: ['output'] }],
    }),
    'attention and feed-forward, blocks 1 to 3, except output',
  );
  assert.equal(targetWords({ blocks: [7, 0, 2] }), 'blocks 0, 2 and 7');
});

test('cells have short titles', () => {
  assert.deepEqual(['int8, dynamic', '4-bit weights', 'NF4'].map(shortTitle), [
    'int8',
    '4-bit',
    'NF4',
  ]);
});

test('what stays as it is is told by reason, the most frequent first', () => {
  const refusals = [
    { layer: 'a', why: 'Rare.' },
    ...['b', 'c', 'd', 'e'].map((layer) => ({ layer, why: 'Frequent.' })),
  ];
  assert.deepEqual(skippedView(refusals), [
    { why: 'Frequent.', count: 4, layers: ['b', 'c', 'd'] },
    { why: 'Rare.', count: 1, layers: ['a'] },
  ]);
});

test('reasons without end are summed up, and no layer is lost', () => {
  const refusals = Array.from({ length: 1000 }, (_, i) => ({
    layer: `l${i}`,
    why: `Reason ${i}.`,
  }));
  const groups = skippedView(refusals);
  assert.equal(groups.length, 6);
  assert.deepEqual(groups.at(-1), {
    why: 'Other reasons.',
    count: 995,
    layers: ['l5', 'l6', 'l7'],
  });
});

const inspection = encoder(2);
const [first, second] = inspection.layers.filter((layer) => layer.role === 'query');
const recipe = {
  version: 1,
  model: { file: 'model.onnx' },
  data: { calibration: 'train.npz' },
  steps: [
    { action: 'int8Dynamic', targets: { layers: [first!.id] } },
    { action: 'weightOnly', targets: { layers: [second!.id] }, params: { bits: '4' } },
  ],
} as const;
const saving = { before: 400, after: 100 };
const checked = { skipped: [], savings: [saving], ...saving, problem: null };
const check: RecipeCheck = {
  ...{ sha256: '', before: 1000, after: 400 },
  steps: [
    { ...checked, action: 'int8Dynamic', layers: [first!.id] },
    { ...checked, action: 'weightOnly', layers: [second!.id] },
  ],
};
const known = { file: 'model.featherweight.json', recipe, actions: facts };

test('until a recipe is held against the model, its figures are not known', () => {
  const view = recipeView(known);
  assert.equal(view.bytes, null);
  assert.deepEqual(
    view.steps.map(({ layerCount, bytes }) => [layerCount, bytes]),
    [
      [null, null],
      [null, null],
    ],
  );
  assert.equal(choicesOf(known).size, 0);
});

test('after that its steps say what they change', () => {
  const view = recipeView({ ...known, check });
  assert.deepEqual(view.bytes, { before: 1000, after: 400 });
  assert.deepEqual(view.data, { calibration: 'train.npz', evaluation: null });
  assert.deepEqual(view.steps[0]?.bytes, saving);
});

test('a step says what there is to know about its speed, and that it gains none first', () => {
  const noted = (speed: 'faster' | 'same') =>
    facts.map((each) => ({ ...each, speed, speedNote: 'For few tokens at a time.' }));
  const notes = (speed: 'faster' | 'same') =>
    recipeView({ ...known, actions: noted(speed) }).steps.map((step) => step.speedNote);
  assert.deepEqual(notes('faster'), ['For few tokens at a time.', 'For few tokens at a time.']);
  assert.match(notes('same')[0] ?? '', /^No faster: For few tokens/);
});

test('the table knows what the recipe does to each layer', () => {
  const choices = choicesOf({ ...known, check });
  const query = {
    sort: 'order',
    descending: false,
    group: 'none',
    collapsed: [],
    start: 0,
    end: 99,
  } as const;
  const rows = (filter: string) =>
    queryRows(inspection, undefined, { ...query, collapsed: [], filter }, choices).rows;
  assert.deepEqual(
    rows('step:2').map(({ id, chosen }) => [id, chosen?.label, chosen?.factor]),
    [[second!.id, '4-bit', 4]],
  );
  assert.equal(rows('step:none').length, inspection.layers.length - 2);
  const problem = queryRows(
    inspection,
    undefined,
    { ...query, collapsed: [], filter: 'step:x' },
    choices,
  ).problem;
  assert.match(problem ?? '', /number of a step/);
});

test('a preparation is told where nothing else is done to the layer', () => {
  const prepare = { ...facts[0]!, name: 'fold', title: 'Fold', group: 'prepare' as const };
  const steps = [{ action: 'fold', targets: {} }, recipe.steps[0]];
  const fold = {
    ...checked,
    action: 'fold',
    layers: [first!.id, second!.id],
    savings: [saving, saving],
  };
  const choices = choicesOf({
    ...known,
    actions: [...facts, prepare],
    recipe: { ...recipe, steps },
    check: { ...check, steps: [fold, check.steps[0]!] },
  });
  assert.deepEqual(choices.get(first!.id)?.steps, [0, 1]);
  assert.equal(choices.get(first!.id)?.label, 'int8');
  assert.equal(choices.get(second!.id)?.factor, null);
});
