import assert from 'node:assert/strict';
import { test } from 'node:test';
import { families, partNames } from '../../src/base/terms';
import { actionFacts } from '../../src/engine/offers';
import { parseRecipe } from '../../src/recipe/parse';
import { readyRecipeNames, readyRecipeOf, readyRecipesFor } from '../../src/recipe/ready';
import { schemeNames, schemeOf, schemeSteps } from '../../src/recipe/schemes';
import type { ModelTraits } from '../../src/recipe/traits';

const facts = actionFacts();
const models: readonly ModelTraits[] = families.flatMap((family) =>
  [true, false].map((data) => ({ family, data, parts: partNames })),
);

for (const name of readyRecipeNames) {
  const { title, about, steps, fits } = readyRecipeOf(name);
  test(`“${title}” is a sound recipe for every model that it is made for`, () => {
    assert.match(about, /^\p{Lu}.*\.$|^\d.*\.$/u);
    const fitting = models.filter((model) => fits(model));
    assert.ok(fitting.length > 0);
    for (const model of fitting) {
      const recipe = { version: 1, model: { file: 'm.onnx' }, steps: steps(model) };
      assert.ok(recipe.steps.length > 0);
      const { problems } = parseRecipe(JSON.stringify(recipe), facts);
      assert.deepEqual(problems, []);
      const needy = recipe.steps.filter(
        (step) => facts.find((each) => each.name === step.action)?.data === 'needed',
      );
      if (needy.length > 0 && !model.data) assert.match(about, /needs data/);
    }
  });
}

for (const name of schemeNames) {
  test(`the scheme ${name} has sound steps for every model that it can be made of`, () => {
    const { about, refuses } = schemeOf(name);
    assert.match(about, /^\S.*[^.]$/);
    const taken = models.filter((model) => refuses?.(model) === undefined);
    assert.ok(taken.length > 0);
    for (const model of taken) {
      const steps = schemeSteps(name, model, { prepare: true });
      assert.ok(steps.length > schemeSteps(name, model, { prepare: false }).length);
      const recipe = { version: 1, model: { file: 'm.onnx' }, steps };
      assert.deepEqual(parseRecipe(JSON.stringify(recipe), facts).problems, []);
      const needy = steps.filter(
        (step) => facts.find((each) => each.name === step.action)?.data === 'needed',
      );
      assert.ok(model.data || needy.length === 0, 'It takes data that is not there.');
    }
  });
}

test('every preparation that needs no data is made, or left out for a reason', () => {
  const steps = schemeNames.flatMap((name) =>
    models
      .filter((model) => schemeOf(name).refuses?.(model) === undefined)
      .flatMap((model) => schemeSteps(name, model, { prepare: true })),
  );
  const made = new Set(steps.map((step) => step.action));
  const preparing = facts.filter(({ group, data }) => group === 'prepare' && data === 'none');
  const left = preparing.map(({ name }) => name).filter((name) => !made.has(name));
  assert.deepEqual(
    left.filter((name) => leftOut[name] === undefined),
    [],
  );
});

/** Preparations that no scheme makes. */
const leftOut: Readonly<Record<string, string>> = {
  fuseQkv: 'It was measured to cost 1 to 9 %.',
  transposeGemm: 'The schemes turn the weights that they quantize by themselves.',
  deduplicate: 'The schemes store weights that are shared once by themselves.',
  equalize: 'It helps where weights have one scale for all channels, which no scheme has.',
};

test('there is a ready recipe for every kind of model', () => {
  for (const model of models) assert.ok(readyRecipesFor(model).length > 0, model.family);
});
