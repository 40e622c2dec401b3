import * as vscode from 'vscode';
import { UserError } from '../../base/errors';
import type { ActionFacts, ActionOffer } from '../../protocol/build';
import type { Step, Targets } from '../../protocol/recipe';
import { setSteps } from '../../recipe/edit';
import { stepWords } from '../../report/recipeWords';
import { showContext } from '../context';
import type { OpenModel } from '../models/openModel';
import type { OpenRecipe } from '../recipes/openRecipe';
import { addToRecipe, changeRecipe, createRecipe } from '../recipes/write';
import { chooseOne } from '../quickInput';
import type { Services } from '../services';
import { askCalibration, useData } from './data';
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
  const kept = wanted.layers === 'all' ? await askKept(recipe, facts) : 'all';
  if (!kept) return;
  await createRecipe(recipe, model.uri, recipes);
  await useData(recipe, data);
  const given = withoutDefaults(facts, params);
  const step: Step = {
    action,
    targets: await targetsOf(services, wanted, { action, params }),
    ...(Object.keys(given).length > 0 ? { params: given } : {}),
  };
  if (kept === 'all') await addToRecipe(recipes, recipe, step);
  else await changeRecipe(recipe, (text) => setSteps(text, [...kept, step]));
  showContext('didQuantize', true);
}

/**
 * Which steps a step for the whole model leaves: all, or those that only prepare. A layer is compressed by the first step that it fits,
 * so that one more would change nothing where another has been before. Undefined for Esc.
 */
async function askKept(
  { recipe, actions }: OpenRecipe,
  { group }: ActionFacts,
): Promise<readonly Step[] | 'all' | undefined> {
  const steps = recipe?.steps ?? [];
  const prepares = ({ action }: Step) =>
    actions.some((facts) => facts.name === action && facts.group === 'prepare');
  const compressing = steps.filter((step) => !prepares(step));
  if (group === 'prepare' || compressing.length === 0) return 'all';
  return chooseOne<readonly Step[] | 'all'>({
    title: vscode.l10n.t('Quantize Model'),
    placeholder: vscode.l10n.t('Other steps of the recipe quantize layers already'),
    entries: [
      { label: vscode.l10n.t('Replace them'), value: steps.filter(prepares) },
      { label: vscode.l10n.t('Only the layers that they leave'), value: 'all' },
    ],
  });
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
  const { title } = stepWords({ action: facts.name, targets: {}, params }, facts);
  const { recipes } = services;
  const { model } = wanted;
  const recipe = recipes.of(model);
  await recipe.load();
  const targets = wanted.layers === 'all' ? {} : { layers: wanted.layers };
  const filled = await fillForm({
    title: `${titleOf(wanted)} · ${title}`,
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
