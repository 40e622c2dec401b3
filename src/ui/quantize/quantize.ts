import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import type { ActionFacts, ActionOffer } from '../../protocol/build';
import type { Step, Targets } from '../../protocol/recipe';
import { setData } from '../../recipe/edit';
import { showContext } from '../context';
import { askData } from '../commands/data';
import type { OpenModel } from '../models/openModel';
import { pathFrom } from '../recipes/address';
import type { OpenRecipe } from '../recipes/openRecipe';
import { addToRecipe, changeRecipe, createRecipe } from '../recipes/write';
import type { Services } from '../services';
import { fillForm, withoutDefaults, type Values } from './form';
import type { MenuEntry } from './menu';
import { chooseOffer } from './offers';

/** What to quantize: some layers of a model, or every layer that an action fits. */
export interface Wanted {
  readonly model: OpenModel;
  readonly layers: readonly string[] | 'all';
  readonly groups: readonly ActionFacts['group'][];
}

/** Asks what to do and with which parameters, and adds it to the recipe. Esc leads back from the form to the list. */
export async function chooseAction(services: Services, wanted: Wanted): Promise<void> {
  const { recipes } = services;
  const { model } = wanted;
  const ids = layersOf(wanted);
  const [actions, offers] = await Promise.all([recipes.actions(), recipes.offers(model.uri, ids)]);
  const title = titleOf(wanted);
  for (;;) {
    const offer = await chooseOffer({
      title,
      offers,
      actions,
      groups: wanted.groups,
      asked: ids.length,
    });
    if (!offer || (await apply(services, wanted, offer))) return;
  }
}

/** Adds the entry of a menu: at once where nothing must be asked, else after its form. */
export async function applyEntry(
  services: Services,
  wanted: Wanted,
  { action, params }: MenuEntry,
) {
  const facts = await factsOf(services, action);
  const entry = { action, params: choiceLike(facts, params)?.params ?? params };
  const [offer] = (await services.recipes.offers(wanted.model.uri, layersOf(wanted))).filter(
    ({ action }) => action === entry.action,
  );
  const fits = await fitting(services, wanted, entry);
  if (!fits) throw refusal(facts, offer);
  if (facts.data === 'needed') {
    await form(services, wanted, facts, entry.params);
    return;
  }
  await addStep(services, wanted, { action: entry.action, params: entry.params });
}

/** Adds a step of an action to the recipe beside the model, which is made where there is none. */
export async function addStep(
  services: Services,
  wanted: Wanted,
  { action, params, data }: { action: string; params: Values; data?: string | undefined },
): Promise<void> {
  const { recipes } = services;
  const { model } = wanted;
  const recipe = recipes.of(model);
  const facts = await factsOf(services, action);
  await recipe.load();
  await createRecipe(recipe, model.uri, recipes);
  await useData(recipe, data);
  const given = withoutDefaults(facts, params);
  const step: Step = {
    action,
    targets: await targetsOf(services, wanted, { action, params }),
    ...(Object.keys(given).length > 0 ? { params: given } : {}),
  };
  await addToRecipe(recipes, recipe, step);
  showContext('didQuantize', true);
}

/** The action of that name. Throws `badInput` where there is none. */
export async function factsOf({ recipes }: Services, action: string): Promise<ActionFacts> {
  const facts = (await recipes.actions()).find(({ name }) => name === action);
  if (!facts) throw new UserError('badInput', vscode.l10n.t('There is no action “{0}”.', action));
  return facts;
}

/** False where the user went back to the list. */
async function apply(services: Services, wanted: Wanted, offer: ActionOffer): Promise<boolean> {
  const facts = await factsOf(services, offer.action);
  const { params } = offer.choice;
  if (facts.data !== 'needed' && Object.keys(facts.params).length === 0) {
    await addStep(services, wanted, { action: offer.action, params });
    return true;
  }
  return form(services, wanted, facts, params);
}

async function form(services: Services, wanted: Wanted, facts: ActionFacts, params: Values) {
  const { recipes } = services;
  const { model } = wanted;
  const recipe = recipes.of(model);
  await recipe.load();
  const targets = wanted.layers === 'all' ? {} : { layers: wanted.layers };
  const filled = await fillForm({
    title: `${titleOf(wanted)} · ${facts.title}`,
    button: titleOf(wanted),
    ...{ facts, params },
    estimate: async (given, signal) =>
      (await recipes.estimate(model.uri, [{ action: facts.name, targets, params: given }], signal))
        .steps[0],
    data: recipe.recipe?.data?.calibration,
    askData: () => askCalibration(recipe, model),
  });
  if (!filled) return false;
  await addStep(services, wanted, { action: facts.name, ...filled });
  return true;
}

/** Asks for the data of a recipe and writes it there. */
export async function askRecipeData(
  { recipes }: Services,
  model: OpenModel,
  use: keyof typeof dataTitles,
): Promise<void> {
  const recipe = recipes.of(model);
  await recipe.load();
  const path = await askCalibration(recipe, model, use);
  if (path === undefined) return;
  await createRecipe(recipe, model.uri, recipes);
  const { data } = recipe.recipe ?? {};
  await changeRecipe(recipe, (text) => setData(text, { ...data, [use]: path }));
}

const dataTitles = {
  calibration: (name: string) => vscode.l10n.t('Calibrate {0} With…', name),
  evaluation: (name: string) => vscode.l10n.t('Evaluate {0} With…', name),
} as const;

/** Lets the user name data, as the recipe will name it. */
async function askCalibration(
  recipe: OpenRecipe,
  model: OpenModel,
  use: keyof typeof dataTitles = 'calibration',
) {
  const path = await askData(model.uri, dataTitles[use](model.name));
  return path === undefined ? undefined : pathFrom(recipe.uri, vscode.Uri.file(path));
}

async function useData(recipe: OpenRecipe, calibration: string | undefined): Promise<void> {
  const { data } = recipe.recipe ?? {};
  if (calibration === undefined || calibration === data?.calibration) return;
  await changeRecipe(recipe, (text) => setData(text, { ...data, calibration }));
}

/** Layers that the action does not fit are not named: a step that skips what was clicked would only complain of it. */
async function targetsOf(
  { recipes }: Services,
  { model, layers }: Wanted,
  { action, params }: MenuEntry,
): Promise<Targets> {
  if (layers === 'all') return {};
  const check = await recipes.estimate(model.uri, [{ action, targets: { layers }, params }]);
  const fitting = check.steps[0]?.layers ?? [];
  return { layers: fitting.length > 0 ? fitting : layers };
}

/** The action's own choice that an entry stands for: it knows the block that suits a width. */
function choiceLike({ choices }: ActionFacts, params: Values) {
  return choices.find((choice) =>
    Object.entries(params).every(([name, value]) => choice.params[name] === value),
  );
}

async function fitting({ recipes }: Services, { model, layers }: Wanted, entry: MenuEntry) {
  const targets = layers === 'all' ? {} : { layers };
  const { action, params } = entry;
  const [step] = (await recipes.estimate(model.uri, [{ action, targets, params }])).steps;
  return (step?.layers.length ?? 0) > 0;
}

function refusal({ title }: ActionFacts, offer: ActionOffer | undefined): UserError {
  const why = offer?.refused[0]?.why ?? '';
  return new UserError(
    'badInput',
    vscode.l10n.t('{0} fits none of these layers. {1}', title, why).trim(),
  );
}

function layersOf({ model, layers }: Wanted): readonly string[] {
  return layers === 'all' ? (model.inspection?.layers ?? []).map(({ id }) => id) : layers;
}

function titleOf({ model, layers, groups }: Wanted): string {
  if (groups.includes('prepare')) return vscode.l10n.t('Prepare {0}', model.name);
  if (layers === 'all') return vscode.l10n.t('Quantize {0}', model.name);
  const [only] = layers;
  const name = model.inspection?.layers.find(({ id }) => id === only)?.name ?? only ?? '';
  return layers.length === 1
    ? vscode.l10n.t('Quantize {0}', name)
    : vscode.l10n.t('Quantize {0} Layers', layers.length);
}
