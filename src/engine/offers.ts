import { actionNames, actionOf, factsOf, type ActionName } from '../actions/index';
import type { ActionFacts, ActionOffer, Choice } from '../protocol/build';
import { readParams } from '../protocol/params';
import type { Layer, Structure } from '../structure/structure';

export function actionFacts(): ActionFacts[] {
  return actionNames.map(factsOf);
}

/** What every entry of the menus would do to the layers of these ids; layers that the model does not have are left out. */
export function offersFor({ layers }: Structure, ids: readonly string[]): ActionOffer[] {
  const wanted = new Set(ids);
  const chosen = layers.filter((layer) => wanted.has(layer.id));
  return actionNames
    .flatMap((name) => factsOf(name).choices.map((choice) => offer(name, choice, chosen)))
    .sort((a, b) => Number(b.layers.length > 0) - Number(a.layers.length > 0));
}

function offer(name: ActionName, choice: Choice, layers: readonly Layer[]): ActionOffer {
  const action = actionOf(name);
  const { params } = readParams(action.params, choice.params);
  const made: ActionOffer = { action: name, choice, layers: [], refused: [], before: 0, after: 0 };
  for (const layer of layers) {
    const fit = action.appliesTo(layer, params);
    if (!fit.fits) {
      made.refused.push({ layer: layer.id, why: fit.why });
      continue;
    }
    const { before, after } = action.estimate(layer, params);
    made.layers.push(layer.id);
    made.before += before;
    made.after += after;
  }
  return made;
}
