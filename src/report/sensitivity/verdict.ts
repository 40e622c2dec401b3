import { formatSmall } from '../../base/format';
import type { ProbeFacts, Sensitivity, SensitivityRow } from '../../protocol/sensitivity';

/** The damage that one compressed layer may do, by the metric's name. */
export type SafeLimits = Readonly<Record<string, number>>;

/** `open`: the limit lies inside the interval. `unknown`: there is no limit for the metric. */
export type Verdict = 'safe' | 'open' | 'unsafe' | 'unknown';

/** What a probe did to a layer, and whether that is safe. */
export interface Finding {
  readonly probe: ProbeFacts;
  readonly row: SensitivityRow;
  readonly verdict: Verdict;
}

/** Safe where the whole interval is within the limit, unsafe where none of it is. */
export function verdictOf(
  { low, high }: Pick<SensitivityRow, 'low' | 'high'>,
  limit: number | undefined,
): Verdict {
  if (limit === undefined) return 'unknown';
  if (high <= limit) return 'safe';
  return low > limit ? 'unsafe' : 'open';
}

/** What every layer's lens, row of the tree and hover asks for: found once for a sweep. */
interface RowIndex {
  readonly byLayer: ReadonlyMap<string, readonly SensitivityRow[]>;
  /** Names of the probes that have rows. */
  readonly measured: ReadonlySet<string>;
}

const indexes = new WeakMap<readonly SensitivityRow[], RowIndex>();

function indexOf({ layers }: Sensitivity): RowIndex {
  const known = indexes.get(layers);
  if (known) return known;
  const byLayer = new Map<string, SensitivityRow[]>();
  const measured = new Set<string>();
  for (const row of layers) {
    const own = byLayer.get(row.id);
    if (own) own.push(row);
    else byLayer.set(row.id, [row]);
    measured.add(row.probe);
  }
  const index = { byLayer, measured };
  indexes.set(layers, index);
  return index;
}

/** What every probe did to a layer, in the order of the probes; empty where it was not measured. */
export function findingsOf(
  sensitivity: Sensitivity,
  layer: string,
  limits: SafeLimits,
): readonly Finding[] {
  const rows = indexOf(sensitivity).byLayer.get(layer);
  if (!rows) return [];
  const limit = limits[sensitivity.metric.name];
  return sensitivity.probes.flatMap((probe) => {
    const row = rows.find((it) => it.probe === probe.name);
    return row ? [{ probe, row, verdict: verdictOf(row, limit) }] : [];
  });
}

/**
 * The one finding that says most of a layer: the fewest bits that are safe, or the mildest probe where none is. Without a limit, or
 * without a probe of bits, what the model is ranked by.
 */
export function tellingFinding(
  findings: readonly Finding[],
  ranking: ProbeFacts | undefined,
): Finding | undefined {
  const bits = findings
    .filter(({ probe, verdict }) => probe.strength.kind === 'bits' && verdict !== 'unknown')
    .sort((a, b) => a.probe.strength.value - b.probe.strength.value);
  const safe = bits.find(({ verdict }) => verdict === 'safe');
  const ranked = findings.find(({ probe }) => probe.name === ranking?.name);
  return safe ?? bits.at(-1) ?? ranked ?? findings[0];
}

/** The probe that layers are coloured and ranked by: 4 bits, what most people want to know, or what comes first. */
export function rankingProbe(sensitivity: Sensitivity): ProbeFacts | undefined {
  const { measured } = indexOf(sensitivity);
  const own = sensitivity.probes.filter(({ name, unit }) => unit === 'layer' && measured.has(name));
  return own.find(({ strength }) => strength.kind === 'bits' && strength.value === 4) ?? own[0];
}

/** "4-bit: KL 0.0003"; figures on inputs that were made up say so wherever they stand. */
export function findingText({ probe, row }: Finding, { metric, data }: Sensitivity): string {
  const figure = `${shortProbe(probe)}: ${shortMetric(metric)} ${formatSmall(row.damage)}`;
  return data === 'synthetic' ? `${figure} on made-up inputs` : figure;
}

/** "4-bit", "50 % pruned". */
export function shortProbe({ title }: Pick<ProbeFacts, 'title'>): string {
  return title.replace(/ weights$/, '');
}

/** "KL"; other metrics have no shorter name. */
export function shortMetric({ title }: Sensitivity['metric']): string {
  return title.replace(/ divergence$/, '');
}
