import * as vscode from 'vscode';
import { isCancelled } from '../../base/errors';
import type { Plan, PlanLimit } from '../../protocol/plan';
import { showError } from '../errors';
import type { OpenModel } from '../models/openModel';
import { askLimit } from '../plan/ask';
import { makePlan, planText, writePlan } from '../plan/plan';
import type { OpenRecipe } from '../recipes/openRecipe';
import type { Services } from '../services';
import { startBuild } from './build';
import { askData } from './data';
import { mayRun } from './profile';
import { showRecipe } from './recipe';
import { bringUp, targetOf } from './target';

/** Opens a model and plans a recipe for it. */
export async function planCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await startPlan(services, await bringUp(services, uri));
}

/** Asks for a limit unless it is given, plans, writes the steps and says what the plan was measured to keep. Never throws. */
export async function startPlan(
  services: Services,
  model: OpenModel,
  given?: PlanLimit,
): Promise<void> {
  if (!(await mayRun(model.name))) return;
  const recipe = services.recipes.of(model);
  try {
    await recipe.load();
    const asked = given ? { limit: given } : await askLimit(model, metricsFrom(services));
    const data = asked && (await dataFor(model));
    if (!asked || data === undefined) return;
    const plan = await makePlan(model, asked, data);
    await writePlan(services, { model, recipe }, plan, data);
    await showRecipe(recipe);
    void offer(services, recipe, plan);
  } catch (error) {
    if (isCancelled(error)) return;
    services.log.error(error instanceof Error ? error : String(error));
    void showError(error, model.name);
  }
}

const metricsFrom =
  ({ engine }: Services) =>
  async () =>
    (await engine.api.sensitivityOptions({})).metrics;

/** Damage on made-up inputs would say nothing to plan by. */
async function dataFor(model: OpenModel): Promise<string | undefined> {
  return model.data ?? (await askData(model.uri, vscode.l10n.t('Plan {0} on…', model.name)));
}

async function offer(services: Services, recipe: OpenRecipe, plan: Plan): Promise<void> {
  const build = vscode.l10n.t('Build');
  const { showInformationMessage, showWarningMessage } = vscode.window;
  const choice = plan.kept
    ? await showInformationMessage(vscode.l10n.t('Planned: {0}.', planText(plan)), build)
    : await showWarningMessage(
        vscode.l10n.t('The nearest plan does not keep the limit: {0}.', planText(plan)),
        build,
      );
  if (choice === build) await startBuild(services, recipe);
}
