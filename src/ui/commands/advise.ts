import * as vscode from 'vscode';
import { isCancelled, messageOf, UserError } from '../../base/errors';
import type { Step } from '../../protocol/recipe';
import { advise, type Proposal } from '../../recipe/advice/advice';
import { adviceFacts, type Evidence } from '../../recipe/advice/facts';
import { withSizes } from '../../recipe/advice/sizes';
import { chooseProposal } from '../advisor/proposals';
import { askOpen, nothingAsked, withoutLast } from '../advisor/questions';
import { showError } from '../errors';
import type { OpenModel } from '../models/openModel';
import { askCalibration, useData } from '../quantize/data';
import type { OpenRecipe } from '../recipes/openRecipe';
import { createRecipe } from '../recipes/write';
import type { Services } from '../services';
import { applySteps } from './applyRecipe';
import { startMeasure } from './build';
import { startPlan } from './plan';
import { bringUp, targetOf } from './target';

/** Opens a model and proposes what to do with it. */
export async function adviseCommand(services: Services, argument?: unknown): Promise<void> {
  const uri = await targetOf(services, argument);
  if (uri) await startAdvice(services, await bringUp(services, uri));
}

/** Asks the five questions and shows what they lead to; what is chosen becomes an ordinary edit of the recipe. Never throws. */
export async function startAdvice(services: Services, model: OpenModel): Promise<void> {
  const recipe = services.recipes.of(model);
  try {
    await recipe.load();
    const proposal = await choose(services, model, recipe);
    if (proposal) await apply(services, { model, recipe, proposal });
  } catch (error) {
    if (isCancelled(error)) return;
    services.log.error(error instanceof Error ? error : String(error));
    void showError(error, model.name);
  }
}

async function choose(
  { recipes }: Services,
  model: OpenModel,
  recipe: OpenRecipe,
): Promise<Proposal | undefined> {
  const { inspection, name, uri } = model;
  if (!inspection) {
    throw new UserError('badModel', vscode.l10n.t('{0} was not read.', name), model.error?.message);
  }
  const hasData = model.data !== undefined || recipe.recipe?.data?.calibration !== undefined;
  const facts = adviceFacts(inspection, hasData, evidenceOf(model, recipe));
  const title = vscode.l10n.t('Advisor for {0}', name);
  let asked = await askOpen(title, facts, nothingAsked);
  while (asked) {
    const advice = await withSizes(advise(facts, asked.answers), (steps) =>
      recipes.estimate(uri, steps),
    );
    const chosen = await chooseProposal(title, advice, asked.order.length + 1);
    if (chosen !== 'back') return chosen;
    asked = await askOpen(title, facts, withoutLast(asked));
  }
  return undefined;
}

/** What was measured of the model so far. */
function evidenceOf(model: OpenModel, { comparison }: OpenRecipe): Evidence {
  const { profile, planned: plan, isSensitivityStale } = model;
  const sensitivity = isSensitivityStale ? undefined : model.sensitivity;
  const steps = comparison && stepsIn(comparison.steps);
  return {
    ...(profile ? { profile } : {}),
    ...(sensitivity ? { sensitivity } : {}),
    ...(plan ? { plan } : {}),
    ...(comparison && steps ? { built: [{ steps, comparison: comparison.value }] } : {}),
  };
}

/** The steps that a comparison was made of; undefined for another tool's file. */
function stepsIn(text: string): readonly Step[] | undefined {
  if (text === '') return undefined;
  const [steps] = JSON.parse(text) as [readonly Step[]];
  return steps;
}

interface Chosen {
  readonly model: OpenModel;
  readonly recipe: OpenRecipe;
  readonly proposal: Proposal;
}

async function apply(services: Services, { model, recipe, proposal }: Chosen): Promise<void> {
  const { plan, steps, title } = proposal;
  if (plan) return startPlan(services, model, plan);
  if (steps.length === 0) {
    const why = proposal.reasons.join(' ');
    void vscode.window.showInformationMessage(vscode.l10n.t('{0}: {1}', title, why));
    return;
  }
  if (!(await hasWhatIsNeeded(services, model, recipe, steps))) return;
  await applySteps(services, recipe, model, withReasons(steps, proposal.reasons));
  void offerToMeasure(services, recipe, title);
}

/** The first step says why the recipe is as it is: a list has no room for it, and the recipe outlives the list. */
function withReasons(steps: readonly Step[], reasons: readonly string[]): readonly Step[] {
  return steps.map((step, at) => {
    const note = [step.note, ...(at === 0 ? reasons : [])].filter(Boolean).join(' ');
    return note === '' ? step : { ...step, note };
  });
}

/** Steps that must be calibrated are not written without data: the recipe could not be built. */
async function hasWhatIsNeeded(
  { recipes, log }: Services,
  model: OpenModel,
  recipe: OpenRecipe,
  steps: readonly Step[],
): Promise<boolean> {
  const actions = await recipes.actions();
  const needs = steps.some(({ action }) =>
    actions.some(({ name, data }) => name === action && data === 'needed'),
  );
  if (!needs || recipe.recipe?.data?.calibration !== undefined) return true;
  const data = await askCalibration(recipe, model);
  if (data === undefined) return false;
  await createRecipe(recipe, model.uri, recipes);
  await useData(recipe, data).catch((error: unknown) => log.warn(messageOf(error)));
  return true;
}

async function offerToMeasure(services: Services, recipe: OpenRecipe, title: string) {
  const measure = vscode.l10n.t('Build and Measure');
  const text = vscode.l10n.t('{0}: the steps are in {1}.', title, recipe.name);
  const choice = await vscode.window.showInformationMessage(text, measure);
  if (choice === measure) await startMeasure(services, recipe);
}
