import { formatSmall } from '../../base/format';
import type { Step } from '../../protocol/recipe';
import type { LayerOption, LayerOptions } from './options';
import { planChoiceNames, planChoiceOf } from './choices';

/**
 * The planned treatment of every layer as ordinary steps, one for each choice, with the reason as a note. `partners` are layers that
 * share a layer's weight: they are treated as it is.
 */
export function stepsOf(
  layers: readonly LayerOptions[],
  chosen: readonly LayerOption[],
  metric: string,
  partners: ReadonlyMap<string, readonly string[]>,
): readonly Step[] {
  return planChoiceNames.flatMap((choice): Step[] => {
    const { step, title } = planChoiceOf(choice);
    const places = chosen.flatMap((option, at) => (option.choice === choice ? [at] : []));
    if (!step || places.length === 0) return [];
    const damage = places.reduce((sum, at) => sum + (chosen[at]?.damage ?? 0), 0);
    const own = places.flatMap((at) => layers[at]?.layer.id ?? []);
    const ids = own.flatMap((id) => [id, ...(partners.get(id) ?? [])]);
    const note = `${title}: ${metric} of these ${ids.length} by themselves ${formatSmall(damage)} in all.`;
    return [{ ...step, targets: { layers: ids }, note }];
  });
}
