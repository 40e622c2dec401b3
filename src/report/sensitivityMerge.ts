import { UserError } from '../base/errors';
import type { Sensitivity } from '../protocol/sensitivity';

export interface NamedSensitivity {
  /** For messages. */
  readonly name: string;
  readonly sensitivity: Sensitivity;
}

/** What all parts of one sweep must have in common, in the words of a message. */
const common = {
  'another model': ({ model }) => model.sha256,
  'other data': ({ data, samples }) => `${data} ${samples}`,
  'another metric': ({ metric }) => metric.name,
  'other probes': ({ probes }) => probes.map(({ name }) => name).join(' '),
} as const satisfies Record<string, (part: Sensitivity) => string>;

/** Parts of one sweep put together. Throws `badInput` for parts of different sweeps, and for a layer that two parts have. */
export function mergeSensitivities(parts: readonly NamedSensitivity[]): Sensitivity {
  const [first, ...others] = parts;
  if (!first) throw new UserError('badInput', 'There is nothing to merge.');
  for (const { name, sensitivity } of others) {
    for (const [what, of] of Object.entries(common)) {
      if (of(sensitivity) !== of(first.sensitivity)) {
        throw new UserError('badInput', `${name} stands on ${what} than ${first.name}.`);
      }
    }
  }
  const all = parts.map((part) => part.sensitivity);
  const layers = all.flatMap((part) => part.layers);
  const keys = new Set<string>();
  for (const { id, probe } of layers) {
    const key = `${probe} ${id}`;
    if (keys.has(key))
      throw new UserError('badInput', `Two parts have the layer ${id} (${probe}).`);
    keys.add(key);
  }
  const { sensitivity } = first;
  return {
    ...sensitivity,
    layers,
    ranking: sensitivity.probes.map(({ name }) => ({
      probe: name,
      layers: layers
        .filter((row) => row.probe === name)
        .sort((a, b) => b.damage - a.damage)
        .map((row) => row.id),
    })),
    complete: all.every((part) => part.complete),
    seconds: all.reduce((sum, part) => sum + part.seconds, 0),
    reused: all.reduce((sum, part) => sum + part.reused, 0),
  };
}
