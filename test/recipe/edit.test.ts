import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recipe, Step } from '../../src/protocol/recipe';
import {
  addStep,
  applied,
  newRecipe,
  removeLayers,
  removeStep,
  setData,
  setMeasured,
  setModel,
  type TextEdit,
} from '../../src/recipe/edit';
import { parseRecipe } from '../../src/recipe/parse';
import { refuses } from '../support/refuses';
import { actions } from './actions';

const start = newRecipe({ file: 'model.onnx', sha256: 'a'.repeat(64) });
const fine = (...layers: string[]): Step => ({ action: 'fine', targets: { layers } });
const coarse = (...layers: string[]): Step => ({
  action: 'coarse',
  targets: { layers },
  params: { bits: '4' },
});

/** The text after edits one after the other, each of which must be one edit of a sound recipe. */
function after(text: string, ...changes: ((text: string) => readonly TextEdit[])[]): string {
  return changes.reduce((before, change) => {
    const edits = change(before);
    assert.ok(edits.length <= 1);
    const made = applied(before, edits);
    const { problems } = parseRecipe(made, actions);
    assert.deepEqual(problems, [], made);
    return made;
  }, text);
}
const stepsOf = (text: string) => (JSON.parse(text) as Recipe).steps;

test('a new recipe is a sound one, and ends with a line end', () => {
  assert.deepEqual(parseRecipe(start, []).problems, []);
  assert.match(start, /\n$/);
});

test('a step joins the last one where it does the same', () => {
  const text = after(
    start,
    (t) => addStep(t, fine('a')),
    (t) => addStep(t, fine('b', 'a')),
    (t) => addStep(t, coarse('c')),
    (t) => addStep(t, { ...coarse('d'), params: { bits: '2' } }),
    (t) => addStep(t, fine('e')),
  );
  assert.deepEqual(stepsOf(text), [
    fine('a', 'b'),
    coarse('c'),
    { ...coarse('d'), params: { bits: '2' } },
    fine('e'),
  ]);
  assert.deepEqual(addStep(text, fine('e')), []);
});

test('a step that describes its layers stays by itself', () => {
  const described: Step = { action: 'fine', targets: { parts: ['head'] } };
  const text = after(
    start,
    (t) => addStep(t, fine('a')),
    (t) => addStep(t, described),
    (t) => addStep(t, described),
  );
  assert.deepEqual(stepsOf(text), [fine('a'), described, described]);
});

test('choosing another way for a layer takes it out of the steps that it replaces', () => {
  const text = after(
    start,
    (t) => addStep(t, fine('a', 'b')),
    (t) => addStep(t, coarse('c')),
    (t) => addStep(t, coarse('a'), (action) => action === 'fine'),
    (t) => addStep(t, fine('b', 'c'), (action) => action === 'coarse'),
  );
  assert.deepEqual(stepsOf(text), [fine('b'), coarse('a'), fine('b', 'c')]);
});

test('a layer taken out leaves a list, a step, or becomes an exception', () => {
  const all: Step = { action: 'coarse', targets: { parts: ['head'] } };
  const text = after(
    start,
    (t) => addStep(t, fine('a', 'b')),
    (t) => addStep(t, coarse('b')),
    (t) => addStep(t, all),
    (t) => removeLayers(t, ['b']),
    (t) => removeLayers(t, ['x'], [1]),
    (t) => removeLayers(t, ['y', 'x'], [1]),
  );
  assert.deepEqual(stepsOf(text), [
    fine('a'),
    { ...all, targets: { parts: ['head'], except: [{ layers: ['x', 'y'] }] } },
  ]);
  assert.deepEqual(removeLayers(text, ['nobody']), []);
});

test('steps go, down to the last', () => {
  const text = after(
    start,
    (t) => addStep(t, fine('a')),
    (t) => addStep(t, coarse('b')),
    (t) => removeStep(t, 0),
  );
  assert.deepEqual(stepsOf(text), [coarse('b')]);
  assert.deepEqual(stepsOf(after(text, (t) => removeStep(t, 0))), []);
  refuses(() => removeStep(text, 1), 'badInput', /no step 2/);
});

test('data, figures and the model stand in their places, and go again', () => {
  const measured = { bytes: { before: 4, after: 1 } };
  const text = after(
    start,
    (t) => setMeasured(t, measured),
    (t) => setData(t, { calibration: 'c.npz' }),
    (t) => setData(t, { calibration: 'c.npz', samples: 8 }),
    (t) => setModel(t, { file: 'other.onnx' }),
  );
  assert.deepEqual(Object.keys(JSON.parse(text) as object), [
    'version',
    'model',
    'data',
    'steps',
    'measured',
  ]);
  const back = after(
    text,
    (t) => setMeasured(t, undefined),
    (t) => setData(t, undefined),
  );
  assert.equal(back, newRecipe({ file: 'other.onnx' }));
});

test('what is not changed stays as it was written', () => {
  const text = [
    '{ "version": 1,',
    '\t"model": {"file": "m.onnx"},',
    '\t"steps": [',
    '\t\t{"action": "fine", "targets": {"layers": ["a",   "b"]}}',
    '\t] }',
    '',
  ].join('\r\n');
  const longer = after(text, (t) => addStep(t, coarse('c')));
  assert.ok(longer.startsWith(text.slice(0, text.indexOf('}}') + 2)));
  assert.doesNotMatch(longer, /[^\r]\n/);
  assert.match(longer, /\r\n\t\t\{\r\n\t\t\t"action": "coarse"/);
  const shorter = after(longer, (t) => removeStep(t, 1));
  assert.deepEqual(stepsOf(shorter), [fine('a', 'b')]);
  assert.match(shorter, /\["a", {3}"b"\]/);
  assert.match(
    after(text, (t) => removeLayers(t, ['a'])),
    /"action": "fine", "targets": \{"layers": \[/,
  );
});

test('a thousand layers are added and taken out at once', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `layer.${i}`);
  const text = after(
    start,
    (t) => addStep(t, fine('a')),
    (t) => addStep(t, fine(...names)),
  );
  assert.deepEqual(stepsOf(text), [fine('a', ...names)]);
  assert.deepEqual(stepsOf(after(text, (t) => removeLayers(t, names))), [fine('a')]);
});

test('a text that is no recipe is not written to', () => {
  const add = (text: string) => () => addStep(text, fine('a'));
  refuses(add(''), 'badInput', /empty/);
  refuses(add('{\n"version": 1,\n"steps": [}'), 'badInput', /Line 3: /);
  refuses(add('{"version": 2, "steps": []}'), 'badInput', /another version/);
  refuses(add('{"version": 1, "steps": [3]}'), 'badInput', /not one of/);
  refuses(add('[]'), 'badInput', /not one of/);
});
