import { formatSmall } from '../../base/format';
import type { Step } from '../../protocol/recipe';
import type { LayerOption, LayerOptions } from './options';
import { planChoiceNames, planChoiceOf } from './choices';

/** The planned treatment of every layer as ordinary steps, one for each choice, with the reason as a note. */
export function stepsOf(
  layers: readonly LayerOptions[],
  chosen: readonly LayerOption[],
  metric: string,
): readonly Step[] {
  return planChoiceNames.flatMap((choice): Step[] => {
    const { step, title } = planChoiceOf(choice);
    const places = chosen.flatMap((option, at) => (option.choice === choice ? [at] : []));
    if (!step || places.length === 0) return [];
    const damage = places.reduce((sum, at) => sum + (chosen[at]?.damage ?? 0), 0);
    const ids = places.flatMap((at) => (layers[at]?.members ?? []).map(({ id }) => id));
    const note = `${title}: ${metric} of these ${ids.length} by themselves ${formatSmall(damage)} in all.`;
    return [{ ...step, targets: { layers: ids }, note }];
  });
}
