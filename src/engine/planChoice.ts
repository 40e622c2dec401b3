import type { PlanChoiceName } from '../build/plan/choices';
import { leastCost, leastDamage, type Option } from '../build/plan/knapsack';
import type { LayerOption, LayerOptions } from '../build/plan/options';
import type { PlanFigures, PlanLimit } from '../protocol/plan';
import { modelBytes } from './modelBytes';
import type { SizedModel } from './models';
import type { LayerLatencies } from './planLatency';

/** The option of every layer with the best sum within the limit; undefined where nothing keeps it. */
export function choose(
  sized: SizedModel,
  layers: readonly LayerOptions[],
  limit: PlanLimit,
  latencies: LayerLatencies | undefined,
): readonly LayerOption[] | undefined {
  const items = layers.map(({ layer, options }) =>
    options.map(({ choice, bytes, damage }): Option => ({
      cost: latencies ? costOf(latencies, layer.id, choice) : bytes,
      damage,
    })),
  );
  const rest = latencies ? restLatency(layers, latencies) : restBytes(sized, layers);
  const selection =
    limit.kind === 'damage'
      ? leastCost(items, limit.value)
      : leastDamage(items, limit.value - rest);
  return selection?.chosen.flatMap((place, at) => layers[at]?.options[place] ?? []);
}

/** Bytes of the files that are no planned layer's. */
function restBytes(sized: SizedModel, layers: readonly LayerOptions[]): number {
  return modelBytes(sized) - layers.reduce((sum, { before }) => sum + before, 0);
}

/** A layer whose time could not be told costs nothing as it is, and is left so. */
function costOf(latencies: LayerLatencies, layer: string, choice: PlanChoiceName): number {
  return latencies.of(layer, choice) ?? (choice === 'keep' ? 0 : Infinity);
}

/** Time of a run that no planned layer takes. */
function restLatency(layers: readonly LayerOptions[], latencies: LayerLatencies): number {
  return layers.reduce(
    (rest, { layer }) => rest - (latencies.of(layer.id, 'keep') ?? 0),
    latencies.total,
  );
}

/** What the sum of the layers' own measurements promises. */
export function predictedOf(
  sized: SizedModel,
  layers: readonly LayerOptions[],
  chosen: readonly LayerOption[],
  latencies: LayerLatencies | undefined,
): PlanFigures {
  const bytes = chosen.reduce((sum, option) => sum + option.bytes, restBytes(sized, layers));
  const damage = chosen.reduce((sum, option) => sum + option.damage, 0);
  const latencyMs = latencies
    ? chosen.reduce(
        (sum, { choice }, at) => sum + (latencies.of(layers[at]?.layer.id ?? '', choice) ?? 0),
        restLatency(layers, latencies),
      )
    : null;
  return { bytes, damage, latencyMs };
}
