import assert from 'node:assert/strict';
import { test } from 'node:test';
import { families, partNames } from '../../src/base/terms';
import { actionFacts } from '../../src/engine/offers';
import { parseRecipe } from '../../src/recipe/parse';
import { readyRecipeNames, readyRecipeOf, readyRecipesFor } from '../../src/recipe/ready';
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
      assert.ok(model.data || needy.length === 0, 'It takes data that is not there.');
    }
  });
}

test('there is a ready recipe for every kind of model', () => {
  for (const model of models) assert.ok(readyRecipesFor(model).length > 0, model.family);
});
