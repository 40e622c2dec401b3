import { matricesOf } from '../../src/actions/weightOnly/matrices';
import { packingError, packMatrix, packOptions } from '../../src/actions/weightOnly/pack';
import type { Params } from '../../src/actions/weightOnly/params';
import { readStep } from '../../src/build/apply';
import { choicesFor, planChoiceOf } from '../../src/build/plan/choices';
import { fitsGroup, type PlanGroup, savingOf } from '../../src/build/plan/groups';
import type { LayerOption, LayerOptions } from '../../src/build/plan/options';
import { stepsOf } from '../../src/build/plan/steps';
import { modelBytes } from '../../src/engine/modelBytes';
import type { SizedModel } from '../../src/engine/models';
import { choose } from '../../src/engine/plan/choice';
import { plannedGroups } from '../../src/engine/plan/measure';
import type { PlanLimit } from '../../src/protocol/plan';
import type { Step } from '../../src/protocol/recipe';

/**
 * The steps of the plan that has the least sum of relative weight errors within a size: the same optimum over what weights alone tell.
 * Undefined for a model in which not every layer takes few-bit weights.
 */
export function weightErrorSteps(sized: SizedModel, limit: PlanLimit): readonly Step[] | undefined {
  const { groups } = plannedGroups(sized);
  const layers = groups.map((group): LayerOptions => {
    const before = savingOf(group, 'keep').before;
    const choices = choicesFor(limit, (choice) => fitsGroup(group, choice));
    const options = choices.flatMap((choice): LayerOption[] => {
      if (choice === 'keep') return [{ choice, bytes: before, damage: 0, expected: 0 }];
      const damage = errorOf(sized, group, choice);
      return damage === undefined
        ? []
        : [{ choice, bytes: savingOf(group, choice).after, damage, expected: damage }];
    });
    return { ...group, before, options };
  });
  if (layers.some(({ options }) => options.length < 3)) return undefined;
  // A little less than the limit: what a scheme adds besides the weights is no layer's.
  const tight = { ...limit, value: 0.995 * limit.value };
  const chosen = choose({ layers, bytes: modelBytes(sized), latencies: undefined }, tight);
  return chosen && stepsOf(layers, chosen, 'weight error');
}

/** Energy of the rounding error over the energy of the weight. */
function errorOf(
  { external: { open } }: SizedModel,
  { members }: PlanGroup,
  choice: LayerOption['choice'],
): number | undefined {
  const { step } = planChoiceOf(choice);
  if (step?.action !== 'weightOnly') return undefined;
  const params = readStep({ ...step, targets: {} }).params as Params;
  const [matrix] = matricesOf(members, params);
  if (!matrix) return undefined;
  const packed = packMatrix(matrix, packOptions(matrix, params, open));
  const energy = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  return energy(packingError(matrix, open, packed)) / energy(matrix.read(open, 0, matrix.n));
}
