import * as vscode from 'vscode';
import type { Handlers } from '../../protocol/rpc';
import type { RecipeApi } from '../../protocol/viewApi';
import { removeStep } from '../../recipe/edit';
import { candidateOf, startBuild, startMeasure } from '../commands/build';
import { exportComparison } from '../commands/exportComparison';
import { showRecipe } from '../commands/recipe';
import { openDashboard } from '../commands/target';
import { showError } from '../errors';
import type { OpenModel } from '../models/openModel';
import { commands } from '../names';
import { askRecipeData } from '../quantize/data';
import { addStep, chooseAction } from '../quantize/quantize';
import { changeRecipe, undoChosen } from '../recipes/write';
import type { Services } from '../services';

const compressing = ['quantize', 'study'] as const;

/** What a dashboard may ask about its model's recipe. None of it is waited for: the page sees its outcome in the state. */
export function recipeHandlers(services: Services, model: OpenModel): Handlers<RecipeApi> {
  const recipe = services.recipes.of(model);
  const run = (work: () => Promise<unknown>): void => {
    work().catch((error: unknown) => {
      services.log.error(error instanceof Error ? error : String(error));
      void showError(error, recipe.name);
    });
  };
  return {
    addAction: ({ layers, action, params = {} }) => {
      const wanted = { model, layers, groups: compressing };
      run(() =>
        action === undefined
          ? chooseAction(services, wanted)
          : addStep(services, wanted, { action, params }),
      );
    },
    quantizeModel: () =>
      void vscode.commands.executeCommand(commands.applyRecipe, model.uri.toString()),
    removeStep: ({ step }) => run(() => changeRecipe(recipe, (text) => removeStep(text, step))),
    undoLayers: ({ layers }) => run(() => undoChosen(recipe, layers)),
    openRecipe: ({ step }) => run(() => showRecipe(recipe, step)),
    chooseRecipeData: ({ use }) => run(() => askRecipeData(services, model, use)),
    build: () => void startBuild(services, recipe),
    measure: () => void startMeasure(services, recipe),
    cancelBuild: () => recipe.cancel(),
    openCandidate: () => {
      const candidate = candidateOf(recipe);
      if (candidate) run(() => openDashboard(services, candidate));
    },
    exportComparison: () => {
      const { comparison } = recipe;
      if (comparison) run(() => exportComparison(services, model, comparison.value));
    },
  };
}
