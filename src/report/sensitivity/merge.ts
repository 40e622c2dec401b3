import { UserError } from '../../base/errors';
import { rankingOf, stabilityOf } from '../../protocol/ranking';
import { type Sensitivity, type SensitivityRow, settledApart } from '../../protocol/sensitivity';

export interface NamedSensitivity {
  /** For messages. */
  readonly name: string;
  readonly sensitivity: Sensitivity;
}

export interface MergeRules {
  /** Allow that parts are missing: the result says which, and is not complete. */
  readonly partial: boolean;
}

/** What all parts of one sweep must have in common, in the words of a message. */
const common = {
  'another version of Featherweight': ({ featherweight }) => featherweight,
  'another model': ({ model }) => model.sha256,
  'other data': ({ data, dataSha256, samples }) => `${data} ${dataSha256} ${samples}`,
  'another metric': ({ metric }) => metric.name,
  'another tier': ({ tier }) => tier,
  'other probes': ({ probes }) => probes.map(({ name }) => name).join(' '),
  'another number of parts': ({ shard }) => String(shard?.of ?? 1),
} as const satisfies Record<string, (part: Sensitivity) => string>;

/**
 * Parts of one sweep put together, in the order of the model. Throws `badInput` for parts of different sweeps, for a part that is there
 * twice, and for missing ones unless they may be.
 */
export function mergeSensitivities(
  parts: readonly NamedSensitivity[],
  { partial }: MergeRules = { partial: false },
): Sensitivity {
  const [first] = parts;
  if (!first) throw new UserError('badInput', 'There is nothing to merge.');
  for (const part of parts.slice(1)) checkAlike(first, part);
  checkOnce(parts);
  const missing = missingOf(parts);
  if (missing && !partial) {
    throw new UserError('badInput', missing, 'Give them too, or use --partial.');
  }
  const all = parts.map((part) => part.sensitivity);
  const place = placesOf(all);
  const inOrder = <T extends { id: string }>(lists: readonly (readonly T[])[]): T[] =>
    lists.flat().sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
  const scored = inOrder(all.map((part) => part.layers));
  const layers = scored.map(withoutScores);
  const { probes } = first.sensitivity;
  return {
    ...first.sensitivity,
    layers,
    hints: inOrder(all.map((part) => part.hints)),
    propagation: inOrder(all.map((part) => part.propagation)),
    skipped: unlike(all.flatMap((part) => part.skipped)),
    ranking: rankingOf(layers, probes),
    stability: stabilityOf(
      scored.map(({ probe, scores = [] }) => ({ probe, scores })),
      probes,
    ),
    shard: null,
    notes: unlike([...all.flatMap((part) => part.notes), ...notesOf(parts, missing)]),
    complete: !missing && all.every((part) => part.complete),
    seconds: all.reduce((sum, part) => sum + part.seconds, 0),
    peakMemoryBytes: Math.max(...all.map((part) => part.peakMemoryBytes)),
    reused: all.reduce((sum, part) => sum + part.reused, 0),
  };
}

function checkAlike(first: NamedSensitivity, { name, sensitivity }: NamedSensitivity): void {
  for (const [what, of] of Object.entries(common)) {
    const [wanted, found] = [of(first.sensitivity), of(sensitivity)];
    if (wanted === found) continue;
    // Hashes and the like tell nobody anything.
    const which = found.length + wanted.length < 60 ? ` (${found}, not ${wanted})` : '';
    throw new UserError('badInput', `${name} stands on ${what} than ${first.name}${which}.`);
  }
}

function checkOnce(parts: readonly NamedSensitivity[]): void {
  const owners = new Map<string, string>();
  for (const { name, sensitivity } of parts) {
    for (const key of keysOf(sensitivity)) {
      const owner = owners.get(key);
      if (owner !== undefined) {
        throw new UserError('badInput', `${owner} and ${name} both have ${key}.`);
      }
      owners.set(key, name);
    }
  }
}

/** What only one part may have: its place among the parts, and each of its rows. */
function keysOf({ shard, layers }: Sensitivity): string[] {
  const rows = layers.map(({ id, probe }) => `the layer ${id} (${probe})`);
  return [...(shard ? [`the part ${shard.index}/${shard.of}`] : []), ...rows];
}

function notesOf(parts: readonly NamedSensitivity[], missing: string | undefined): string[] {
  const isAdaptive = parts.length > 1 && parts[0]?.sensitivity.tier === 'adaptive';
  return [...(missing ? [missing] : []), ...(isAdaptive ? [settledApart] : [])];
}

/** A sentence; undefined where all are there. */
function missingOf(parts: readonly NamedSensitivity[]): string | undefined {
  const of = parts[0]?.sensitivity.shard?.of ?? 1;
  const there = new Set(parts.map(({ sensitivity }) => sensitivity.shard?.index ?? 0));
  const missing = Array.from({ length: of }, (_, index) => index)
    .filter((index) => !there.has(index))
    .map((index) => `${index}/${of}`);
  if (missing.length === 0) return undefined;
  return `Of the sweep’s ${of} parts ${missing.length === 1 ? 'one is' : `${missing.length} are`} missing: ${missing.join(', ')}.`;
}

/** Each of them once, by its content. */
function unlike<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** Place in the model of everything that was asked about: parts took every n-th of them in turn. */
function placesOf(parts: readonly Sensitivity[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const { shard, layers, hints } of parts) {
    const ids = [...new Set([...layers, ...hints].map(({ id }) => id))];
    const { index, of } = shard ?? { index: 0, of: 1 };
    for (const [at, id] of ids.entries()) places.set(id, at * of + index);
  }
  return places;
}

function withoutScores(row: SensitivityRow): SensitivityRow {
  const bare = { ...row };
  delete bare.scores;
  return bare;
}
