import { formatSmall } from '../../base/format';
import type { Step } from '../../protocol/recipe';
import type { LayerOption, LayerOptions } from './options';
import { planChoiceNames, planChoiceOf } from './choices';

/** The planned treatment of every layer as ordinary steps, one for each choice, with the reasons layer by layer as a note. */
export function stepsOf(
  layers: readonly LayerOptions[],
  chosen: readonly LayerOption[],
  metric: string,
): readonly Step[] {
  return planChoiceNames.flatMap((choice): Step[] => {
    const { step, title } = planChoiceOf(choice);
    const places = chosen.flatMap((option, at) => (option.choice === choice ? [at] : []));
    if (!step || places.length === 0) return [];
    const ids = places.flatMap((at) => idsOf(layers[at]));
    const isUnmeasured = (at: number) => layers[at]?.isUnmeasured === true;
    const unmeasured = places.filter(isUnmeasured);
    const others = places.filter((at) => !isUnmeasured(at));
    const damage = others.reduce((sum, at) => sum + (chosen[at]?.damage ?? 0), 0);
    const reasons = others.flatMap((at) => reasonOf(layers[at], chosen[at]));
    const measured = others.flatMap((at) => idsOf(layers[at])).length;
    const sentences = [
      ...(measured > 0
        ? [
            `${metric} of these ${measured} by themselves ${formatSmall(damage)} in all. ${reasons.join('; ')}.`,
          ]
        : []),
      ...unmeasuredText(unmeasured.map((at) => layers[at]?.layer.name ?? '')),
    ];
    return [{ ...step, targets: { layers: ids }, note: `${title}: ${sentences.join(' ')}` }];
  });
}

const idsOf = (of: LayerOptions | undefined) => (of?.members ?? []).map(({ id }) => id);

/** Why there is no damage of layers that are planned all the same. */
function unmeasuredText(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [
    `not measured, as no sample’s answer depends on ${names.length === 1 ? 'it' : 'them'}, but needed for the size: ${names.join(', ')}.`,
  ];
}

/** "encoder.0.query 6e-6, with 2-bit weights 0.0004": what the layer hurts as it is planned, and what the next smaller choice would. */
function reasonOf(of: LayerOptions | undefined, chosen: LayerOption | undefined): string[] {
  if (!of || !chosen) return [];
  const smaller = of.options
    .filter(({ bytes }) => bytes < chosen.bytes)
    .sort((a, b) => b.bytes - a.bytes)[0];
  const now = `${of.layer.name} ${formatSmall(chosen.damage)}`;
  if (!smaller) return [now];
  return [`${now}, with ${planChoiceOf(smaller.choice).title} ${formatSmall(smaller.damage)}`];
}
