import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionFacts } from '../../src/protocol/build';
import { parseRecipe } from '../../src/recipe/parse';
import { actions } from './actions';

const whole = {
  version: 1,
  model: { file: 'model.onnx', sha256: 'A'.repeat(64) },
  data: { calibration: 'calibration.npz', evaluation: '../dev.npz', samples: 64, seed: 3 },
  steps: [
    { action: 'fine', targets: {}, note: 'Why not.' },
    {
      action: 'coarse',
      targets: {
        layers: ['a', 'b'],
        parts: ['attention'],
        roles: ['query'],
        blocks: [0, 3],
        modules: ['encoder.*'],
        ops: ['MatMul'],
        except: [{ layers: ['c'] }],
      },
      params: { bits: '4', share: 0.5, signed: true, block: 16 },
    },
  ],
  measured: { bytes: { before: 10, after: 4 }, kl: 0.1 },
};

test('a recipe is read whole, and everything in it is found in the text', () => {
  const text = JSON.stringify(whole, null, 2);
  const { recipe, problems, places } = parseRecipe(text, actions);
  assert.deepEqual(problems, []);
  assert.deepEqual(JSON.parse(JSON.stringify(recipe)), {
    ...whole,
    model: { ...whole.model, sha256: 'a'.repeat(64) },
  });
  const at = ({ offset, length }: { offset: number; length: number }) =>
    text.slice(offset, offset + length);
  assert.deepEqual(JSON.parse(at(places.model!)), whole.model);
  assert.equal(at(places.calibration!), '"calibration.npz"');
  assert.equal(at(places.evaluation!), '"../dev.npz"');
  assert.deepEqual(JSON.parse(at(places.measured!)), whole.measured);
  assert.deepEqual(JSON.parse(at(places.list!)), whole.steps);
  const [first, second] = places.steps;
  assert.deepEqual(JSON.parse(at(first!)), whole.steps[0]);
  assert.equal(at(second!.action!), '"coarse"');
  assert.deepEqual(
    second!.layers.map((layer) => [layer.name, at(layer)]),
    [
      ['a', '"a"'],
      ['b', '"b"'],
    ],
  );
  assert.deepEqual(
    second!.except.map((layer) => layer.name),
    ['c'],
  );
  assert.deepEqual(
    second!.params.map((param) => [param.name, at(param)]),
    [
      ['bits', '"4"'],
      ['share', '0.5'],
      ['signed', 'true'],
      ['block', '16'],
    ],
  );
});

test('the smallest recipe has a model and no steps', () => {
  const { recipe, problems } = parseRecipe('{"version":1,"model":{"file":"m"},"steps":[]}', []);
  assert.deepEqual(problems, []);
  assert.deepEqual(recipe, { version: 1, model: { file: 'm' }, steps: [] });
});

/** The recipe with one thing changed, what is said of that, and the text it is said of. */
const mistakes: readonly [change: (recipe: Wild) => unknown, message: RegExp, at: string][] = [
  [(r) => (r.version = 2), /version 2, from a newer Featherweight.*update/, '2'],
  [(r) => (r.version = '1'), /must be 1/, '"1"'],
  [(r) => (r.model.path = 'x'), /model has no 'path'.*file, sha256/, '"path"'],
  [(r) => (r.model.file = ''), /not empty/, '""'],
  [(r) => (r.model.sha256 = 'abc'), /64 hexadecimal/, '"abc"'],
  [(r) => (r.step = []), /recipe has no 'step'/, '"step"'],
  [(r) => (r.data.samples = 0.5), /whole number from 1/, '0.5'],
  [(r) => (r.data.seed = -1), /whole number from 0/, '-1'],
  [(r) => (r.data.calibration = 3), /text/, '3'],
  [(r) => (r.steps[0].action = 'prune'), /no action 'prune'.*fine, coarse/, '"prune"'],
  [(r) => (r.steps[0].action = '__proto__'), /no action '__proto__'/, '"__proto__"'],
  [(r) => (r.steps[0].layers = []), /step has no 'layers'/, '"layers"'],
  [(r) => (r.steps[1].targets.layers = 'a'), /must be a list/, '"a"'],
  [(r) => (r.steps[1].targets.parts = ['atention']), /embedding, attention,/, '"atention"'],
  [(r) => (r.steps[1].targets.roles = ['q']), /query, key,/, '"q"'],
  [(r) => (r.steps[1].targets.blocks = [-1]), /whole number from 0/, '-1'],
  [(r) => (r.steps[1].targets.except = [{ layer: 1 }]), /exception has no 'layer'/, '"layer"'],
  [(r) => (r.steps[1].params.bits = '3'), /“bits” must be one of 2, 4/, '"3"'],
  [(r) => (r.steps[1].params.share = 2), /“share” must be a number from 0 to 1/, '2'],
  [(r) => (r.steps[1].params.blok = 2), /“blok” is not a parameter here/, '"blok"'],
];
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- mistakes are of any shape
type Wild = any;

test('every mistake is told where it stands, and leaves no recipe', () => {
  for (const [change, message, at] of mistakes) {
    const wrong = structuredClone(whole);
    change(wrong);
    const text = JSON.stringify(wrong);
    const { recipe, problems } = parseRecipe(text, actions);
    assert.equal(recipe, undefined, String(change));
    assert.equal(problems.length, 1, JSON.stringify(problems));
    const [problem] = problems;
    assert.match(problem!.message, message);
    assert.equal(text.slice(problem!.offset, problem!.offset + problem!.length), at);
  }
});

test('files that are no recipes are explained', () => {
  const said = (text: string) => parseRecipe(text, actions).problems.map((each) => each.message);
  assert.match(said('')[0]!, /empty/);
  assert.match(
    said('{"passes": {"conversion": {"type": "OnnxConversion"}}}')[0]!,
    /not a recipe of/,
  );
  assert.match(said('[1, 2]')[0]!, /must be an object/);
  assert.match(said('{"model": {"file": "m"}, "steps": []}')[0]!, /does not say its “version”/);
  assert.match(said('{"version": 1}').join(' '), /“model”.*“steps”/);
  assert.match(said('['.repeat(1e5))[0]!, /too deeply/);
  assert.match(said('hello')[0]!, /not JSON/);
});

test('comments, commas too many and names twice are mistakes: other programs read recipes too', () => {
  const said = (text: string) => parseRecipe(text, actions).problems.map((each) => each.message);
  const base = '"version":1,"model":{"file":"m"}';
  assert.match(said(`{${base},"steps":[]/* why */}`)[0]!, /no comments/);
  assert.match(said(`{${base},"steps":[],}`)[0]!, /missing here/);
  assert.match(said(`{${base},"steps":[]`)[0]!, /closing brace/);
  assert.match(said(`{${base},"steps":[],"steps":[]}`)[0]!, /'steps' stands here twice/);
});

test('steps are found in a text that is still being typed', () => {
  const text =
    '{"version":1,"model":{"file":"m"},"steps":[{"action":"fine","targets":{}},{"action":"coa';
  const { recipe, problems, places } = parseRecipe(text, actions);
  assert.equal(recipe, undefined);
  assert.ok(problems.length > 0);
  assert.deepEqual(
    places.steps.map((step) => step.action?.name),
    ['fine', 'coa'],
  );
});

test('what is allowed and hardly meant is a warning', () => {
  const odd = structuredClone(whole) as Wild;
  odd.steps[1].targets.ops = [];
  odd.measured = { fast: true };
  const { recipe, problems } = parseRecipe(JSON.stringify(odd), actions);
  assert.deepEqual(
    problems.map((problem) => problem.severity),
    ['warning', 'warning'],
  );
  assert.equal(recipe?.measured, undefined);
  assert.deepEqual(recipe?.steps[1]?.targets.ops, []);
});

test('no text makes the parser throw', () => {
  const text = JSON.stringify(whole);
  const facts: readonly ActionFacts[] = actions;
  for (let at = 0; at < text.length; at += 3) {
    for (const other of ['', '[', '{', '"', 'null', '\u0000']) {
      const broken = text.slice(0, at) + other + text.slice(at + 1);
      const { recipe, problems } = parseRecipe(broken, facts);
      assert.ok(recipe !== undefined || problems.some((each) => each.severity === 'error'), broken);
    }
  }
});
