import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { families, partNames } from '../../../src/base/terms';
import { checkRecipe } from '../../../src/engine/checkRecipe';
import { inspect } from '../../../src/engine/inspect';
import { Models } from '../../../src/engine/models';
import { actionFacts } from '../../../src/engine/offers';
import { advise, type Advice } from '../../../src/recipe/advice/advice';
import { type AdviceFacts, adviceFacts } from '../../../src/recipe/advice/facts';
import {
  type Answers,
  openQuestions,
  questionNames,
  questionOf,
} from '../../../src/recipe/advice/questions';
import { withSizes } from '../../../src/recipe/advice/sizes';
import { parseRecipe } from '../../../src/recipe/parse';
import { modelsFolder, withoutModels } from '../../support/models';

const known = actionFacts();

/** Every combination of answers. */
const allAnswers: readonly Answers[] = questionNames.reduce<Answers[]>(
  (before, name) =>
    before.flatMap((answers) =>
      Object.keys(questionOf(name).options).map((option) => ({ ...answers, [name]: option })),
    ),
  [{}],
);

const plain: AdviceFacts = {
  traits: { family: 'encoder', parts: ['embedding', 'attention', 'feedForward'], data: false },
  bytes: 90e6,
  compressible: { layers: 38, bytes: 89e6 },
  quantizedLayers: 0,
  convolutionBytes: 0,
  hasRecurrent: false,
};

const hostile: Record<string, AdviceFacts> = {
  'no layers': { ...plain, compressible: { layers: 0, bytes: 0 }, bytes: 0 },
  'all quantized': { ...plain, compressible: { layers: 0, bytes: 0 }, quantizedLayers: 38 },
  'half quantized': { ...plain, quantizedLayers: 19 },
  'no parts': { ...plain, traits: { family: 'other', parts: [], data: false } },
  'only convolutions': { ...plain, convolutionBytes: 89e6 },
};

const perFamily = families.flatMap((family): [string, AdviceFacts][] =>
  [true, false].map((data) => [
    `${family}${data ? ' with data' : ''}`,
    { ...plain, traits: { family, parts: partNames, data } },
  ]),
);

for (const [name, facts] of [...perFamily, ...Object.entries(hostile)]) {
  test(`advice for ${name} is sound under all answers`, () => {
    for (const answers of allAnswers) sound(advise(facts, answers), facts, answers);
  });
}

function sound({ proposals, wontHelp, notHere }: Advice, facts: AdviceFacts, answers: Answers) {
  const about = JSON.stringify(answers);
  assert.ok(proposals.length >= 1 && proposals.length <= 4, about);
  assert.equal(new Set(proposals.map(({ name }) => name)).size, proposals.length);
  for (const { reasons, steps, plan, name, expected } of proposals) {
    assert.ok(reasons.length > 0, `${name} ${about}`);
    for (const reason of reasons) assert.match(reason, /^\S.*\.$/, name);
    assert.equal(steps.length === 0, plan !== undefined || name === 'nothing', name);
    const recipe = { version: 1, model: { file: 'm.onnx' }, steps };
    assert.deepEqual(parseRecipe(JSON.stringify(recipe), known).problems, []);
    const isNeedy = ({ action }: { action: string }) =>
      known.find((each) => each.name === action)?.data === 'needed';
    const hasData = facts.traits.data || answers.data === 'yes';
    assert.ok(hasData || (!steps.some(isNeedy) && !plan), `${name} needs data: ${about}`);
    if (name !== 'nothing') assert.equal(expected.speed.kind, 'unknown');
  }
  for (const { title, why } of [...wontHelp, ...notHere]) {
    assert.match(title, /^\S.*[^.]$/);
    assert.match(why, /^\S.*\.$/);
  }
  if (answers.training !== 'yes')
    assert.ok(notHere.every(({ why }) => !/trains nothing/.test(why)));
}

test('nothing is the first proposal where nothing is to be gained', () => {
  const first = (facts: AdviceFacts, answers: Answers) => advise(facts, answers).proposals[0]?.name;
  assert.equal(first(plain, { target: 'micro' }), 'nothing');
  assert.equal(first(hostile['all quantized']!, {}), 'nothing');
  assert.equal(first({ ...plain, bytes: 300_000 }, { goal: 'size' }), 'nothing');
  assert.notEqual(first({ ...plain, bytes: 300_000 }, { goal: 'latency' }), 'nothing');
  assert.notEqual(first(plain, { goal: 'size' }), 'nothing');
});

test('no loss leaves only what keeps the answers, or is measured to', () => {
  const { proposals } = advise(plain, { loss: 'none', goal: 'both', data: 'yes' });
  const names = proposals.map(({ name }) => name);
  assert.deepEqual(names, ['prepare', 'plan', 'weights8', 'half']);
  assert.ok(proposals.every(({ plan }) => plan === undefined || plan.value <= 1e-4));
});

test('questions whose answer changes nothing are not asked', () => {
  assert.deepEqual(openQuestions(plain, {}), questionNames);
  assert.deepEqual(openQuestions(plain, { target: 'micro' }), []);
  assert.deepEqual(openQuestions(plain, { target: 'cpu', loss: 'none' }), [
    ...['goal', 'data', 'training'],
  ]);
  assert.ok(
    !openQuestions({ ...plain, traits: { ...plain.traits, data: true } }, {}).includes('data'),
  );
  assert.deepEqual(openQuestions(hostile['all quantized']!, {}), ['target']);
});

const folders = ['minilm-sst2', 'digits-vit', 'mnist-resnet', 'tiny-lm', 'lstm-sst2', 'vad'];
test(
  'every model gets proposals that fit its layers, with their bytes',
  { skip: withoutModels },
  async (t) => {
    for (const folder of [...folders, 'ultraface']) {
      const place = join(modelsFolder, folder);
      for (const name of readdirSync(place).filter((each) => each.endsWith('.onnx'))) {
        const sized = new Models().sized(join(place, name), {});
        const facts = adviceFacts(inspect(sized), true);
        for (const goal of ['size', 'latency'] as const) {
          const advice = await withSizes(advise(facts, { goal }), (steps) =>
            checkRecipe(sized, { version: 1, model: { file: name }, steps }),
          );
          assert.ok(advice.proposals.length > 0, name);
          for (const { name: way, steps, expected } of advice.proposals) {
            assert.equal(expected.bytes === null, steps.length === 0 && way !== 'nothing');
          }
          t.diagnostic(
            `${folder}/${name}, ${goal}: ${advice.proposals
              .map((each) => `${each.name} ${share(each)}`)
              .join(', ')}`,
          );
        }
      }
    }
  },
);

function share({ expected: { bytes } }: Advice['proposals'][number]): string {
  return bytes ? `${((100 * bytes.after) / bytes.before).toFixed(1)} %` : '?';
}
