import * as vscode from 'vscode';
import { formatBytes } from '../../base/format';
import { chosenLayers } from '../layerArgument';
import type { OpenModel } from '../models/openModel';
import { menuEntries } from '../quantize/menu';
import { addStep, applyEntry, chooseAction, factsOf, type Wanted } from '../quantize/quantize';
import { chooseSome } from '../quickInput';
import { undoChosen } from '../recipes/write';
import type { Services } from '../services';
import { onLayers, together } from './layers';
import { bringUp, targetOf } from './target';

const compressing = ['quantize', 'study'] as const;

/** Asks what to do with the layers it was called for, or which layers; a caller that knows says `action` and `params`. */
export async function quantizeLayerCommand(
  services: Services,
  argument?: unknown,
  more?: unknown,
): Promise<void> {
  const wanted = await wantedLayers(services, argument, more);
  if (!wanted) return;
  const { action, params } = askedFor(argument);
  if (action === undefined) return chooseAction(services, wanted);
  await factsOf(services, action);
  await addStep(services, wanted, { action, params });
}

/** One entry of the submenu. */
export const quantizeEntryCommands = Object.fromEntries(
  Object.entries(menuEntries).map(([name, entry]) => [
    name,
    async (services: Services, argument?: unknown, more?: unknown) => {
      const wanted = await wantedLayers(services, argument, more);
      if (wanted) await applyEntry(services, wanted, entry);
    },
  ]),
) as unknown as Record<
  keyof typeof menuEntries,
  (services: Services, argument?: unknown, more?: unknown) => Promise<void>
>;

/** Takes layers out of every step of the recipe. */
export const undoLayersCommand = onLayers(async ({ recipes }, { model, layers }) => {
  const recipe = recipes.of(model);
  await recipe.load();
  await undoChosen(recipe, layers);
});

/** Asks what to do with every layer that it fits. */
export async function quantizeModelCommand(services: Services, argument?: unknown): Promise<void> {
  const model = await modelOf(services, argument);
  if (model) await chooseAction(services, { model, layers: 'all', groups: compressing });
}

/** Asks for a change that keeps the answers: folding, fusing, another opset. */
export async function prepareModelCommand(services: Services, argument?: unknown): Promise<void> {
  const model = await modelOf(services, argument);
  if (model) await chooseAction(services, { model, layers: 'all', groups: ['prepare'] });
}

async function modelOf(services: Services, argument: unknown): Promise<OpenModel | undefined> {
  const uri = await targetOf(services, argument);
  return uri && bringUp(services, uri);
}

async function wantedLayers(
  services: Services,
  argument: unknown,
  more: unknown,
): Promise<Wanted | undefined> {
  const chosen = chosenLayers(together(argument, more), services.models, services.selection);
  if (chosen) return { ...chosen, groups: compressing };
  const model = await modelOf(services, undefined);
  const layers = model && (await askLayers(model));
  return model && layers && layers.length > 0 ? { model, layers, groups: compressing } : undefined;
}

function askLayers({ inspection, name }: OpenModel): Promise<readonly string[] | undefined> {
  const entries = (inspection?.layers ?? [])
    .filter(({ parameters }) => parameters > 0)
    .map(({ id, name: label, op, weights, weightBytes }) => {
      const [weight] = weights.filter(({ parameters }) => parameters > 0);
      const said = [op, weight?.shape.join('×'), formatBytes(weightBytes)].filter(Boolean);
      return { label, description: said.join(' · '), value: id };
    });
  return chooseSome(entries, {
    title: vscode.l10n.t('Quantize Layers of {0}', name),
    placeholder: vscode.l10n.t('Layers'),
  });
}

function askedFor(argument: unknown) {
  const { action, params } = (argument ?? {}) as { action?: unknown; params?: unknown };
  return {
    action: typeof action === 'string' ? action : undefined,
    params: (typeof params === 'object' ? params : {}) as Readonly<Record<string, unknown>>,
  };
}
