import { rankingOf } from '../../protocol/ranking';
import type { Sensitivity, SensitivityRow } from '../../protocol/sensitivity';

/**
 * A sweep of some layers put into the one of the whole model that was there before: its rows take the place of the older ones. The part
 * alone where the two do not stand on the same model, metric, data and samples. `order` holds the ids of the model's layers.
 */
export function joinSweeps(
  whole: Sensitivity | undefined,
  part: Sensitivity,
  order: readonly string[],
): Sensitivity {
  if (!whole || !standOnSame(whole, part)) return part;
  const known = new Set(whole.probes.map(({ name }) => name));
  const probes = [...whole.probes, ...part.probes.filter(({ name }) => !known.has(name))];
  const newer = new Set(part.layers.map(keyOf));
  const rows = [...whole.layers.filter((row) => !newer.has(keyOf(row))), ...part.layers];
  const place = new Map(order.map((id, at) => [id, at]));
  const at = ({ id, probe }: SensitivityRow) =>
    (place.get(id) ?? order.length) * probes.length + probes.findIndex((it) => it.name === probe);
  const layers = rows.sort((a, b) => at(a) - at(b));
  const hinted = new Set(part.hints.map(({ id }) => id));
  return {
    ...whole,
    ...{ probes, layers, tier: part.tier },
    hints: [...whole.hints.filter(({ id }) => !hinted.has(id)), ...part.hints],
    propagation: part.propagation.length > 0 ? part.propagation : whole.propagation,
    ranking: rankingOf(layers, probes),
    // Of what they were told of: the scores themselves are not here.
    stability: [...whole.stability, ...part.stability.filter(({ probe }) => !known.has(probe))],
    complete: whole.complete && part.complete,
    seconds: whole.seconds + part.seconds,
  };
}

function standOnSame(a: Sensitivity, b: Sensitivity): boolean {
  const basis = ({ model, metric, data, samples }: Sensitivity) =>
    JSON.stringify([model.sha256, metric.name, data, samples]);
  return basis(a) === basis(b);
}

const keyOf = ({ id, probe }: SensitivityRow) => `${probe} ${id}`;
