import { isOfTime, type PlanChoiceName } from '../../build/plan/choices';
import { frontOf, leastCost, leastDamage, type Option } from '../../build/plan/knapsack';
import type { LayerOption, LayerOptions } from '../../build/plan/options';
import type { PlanFigures, PlanLimit, PlanPoint } from '../../protocol/plan';
import type { LayerLatencies } from './latency';

/** What every choice costs on every layer. */
export interface Measurements {
  readonly layers: readonly LayerOptions[];
  /** Bytes of the files that the plan starts from. */
  readonly bytes: number;
  /** Only for a limit of time. */
  readonly latencies: LayerLatencies | undefined;
}

/** The option of every layer with the best sum within the limit; undefined where nothing keeps it. */
export function choose(
  measured: Measurements,
  limit: PlanLimit,
): readonly LayerOption[] | undefined {
  const items = itemsOf(measured);
  const selection =
    limit.kind === 'damage'
      ? leastCost(items, limit.value)
      : leastDamage(items, budgetOf(measured, limit) - restOf(measured));
  return selection && optionsAt(measured, selection.chosen);
}

/** The fastest sum where a limit of time asks for little more than that: single layers' times are no surer than this. Undefined where it asks for more. */
export function nearlyWithin(
  measured: Measurements,
  limit: PlanLimit,
): readonly LayerOption[] | undefined {
  if (!isOfTime(limit)) return undefined;
  const [fastest] = frontOf(itemsOf(measured), 1);
  const chosen = fastest && optionsAt(measured, fastest.chosen);
  const time = (chosen && predictedOf(measured, chosen).latencyMs) ?? Infinity;
  return time <= unsure * budgetOf(measured, limit) ? chosen : undefined;
}

/** What a sum of times may be above the whole's. */
const unsure = 1.15;

/** Every plan that the sum of the measurements promises, at costs spread evenly between the least and the most. */
export function planFront(measured: Measurements, most: number): PlanPoint[] {
  return frontOf(itemsOf(measured), most).map(({ chosen }) => {
    const { bytes, latencyMs, damage } = predictedOf(measured, optionsAt(measured, chosen));
    return { bytes, latencyMs, damage };
  });
}

function optionsAt({ layers }: Measurements, chosen: readonly number[]): LayerOption[] {
  return chosen.flatMap((place, at) => layers[at]?.options[place] ?? []);
}

function itemsOf({ layers, latencies }: Measurements): Option[][] {
  return layers.map(({ layer, options }) =>
    options.map(({ choice, bytes, expected: damage }) => ({
      cost: latencies ? timeOf(latencies, layer.id, choice) : bytes,
      damage,
    })),
  );
}

/** A limit of time or size as what may be spent on all. */
function budgetOf({ latencies }: Measurements, { kind, value }: PlanLimit): number {
  return kind === 'speed' ? (latencies?.original ?? 0) / value : value;
}

/** What no planned layer takes, of bytes or of a run. */
function restOf({ layers, latencies, bytes }: Measurements): number {
  return latencies
    ? layers.reduce(
        (rest, { layer }) => rest - (latencies.of(layer.id, 'keep') ?? 0),
        latencies.total,
      )
    : bytes - layers.reduce((sum, { before }) => sum + before, 0);
}

/** A layer whose time could not be told costs nothing as it is, and is left so: more than any run is no option. */
function timeOf(latencies: LayerLatencies, layer: string, choice: PlanChoiceName): number {
  return latencies.of(layer, choice) ?? (choice === 'keep' ? 0 : 1e3 * latencies.total);
}

/** What the sum of the layers' own measurements promises. */
export function predictedOf(measured: Measurements, chosen: readonly LayerOption[]): PlanFigures {
  const { layers, latencies } = measured;
  const rest = restOf({ ...measured, latencies: undefined });
  const latencyMs = latencies
    ? chosen.reduce(
        (sum, { choice }, at) => sum + timeOf(latencies, layers[at]?.layer.id ?? '', choice),
        restOf(measured),
      )
    : null;
  return {
    bytes: chosen.reduce((sum, option) => sum + option.bytes, rest),
    damage: chosen.reduce((sum, option) => sum + option.expected, 0),
    latencyMs,
    speed: latencies && latencyMs !== null ? latencies.original / latencyMs : null,
  };
}

/** Whether treating a layer so makes a run shorter by more than timing it is off by. */
export function isFaster(
  latencies: LayerLatencies,
  layer: string,
  choice: PlanChoiceName,
): boolean {
  const [now, then] = [latencies.of(layer, 'keep'), latencies.of(layer, choice)];
  return now !== undefined && then !== undefined && then < 0.97 * now;
}
