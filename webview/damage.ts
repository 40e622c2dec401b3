import { scaleLinear, scaleLog } from 'd3-scale';
import { energyShare, formatDecibels, formatSmall } from '../src/base/format';
import { printable } from '../src/base/text';
import type {
  DamageCell,
  DamageGrid,
  SensitivityView,
  SensitivityViewLine,
} from '../src/protocol/sensitivity';
import type { ProbeColumn } from '../src/protocol/viewApi';
import { dataName } from './views/facts';

/** Where figures of damage stand between the smallest and the largest of them. */
export interface DamageScale {
  readonly lowest: number;
  readonly highest: number;
  /** Whether some figures are below the lowest colour's. */
  readonly isCut: boolean;
  /** Per cent of the ramp. */
  readonly levelOf: (damage: number) => number;
}

/** What is smaller than this share of the largest is as good as none, and takes no part of the ramp: it would be taken from what matters. */
const span = 1e-6;

/**
 * One scale for everything that was measured, so that layers, blocks and heads compare: by its logarithm, for damage spans many powers of ten,
 * or in proportion. Undefined where there is no figure above zero.
 */
export function damageScale(view: SensitivityView, linear = false): DamageScale | undefined {
  const grids: readonly DamageGrid[] = [view, ...view.wholes];
  const lines = grids.flatMap((grid) => grid.lines);
  const figures = lines.flatMap(({ cells }) => cells.flatMap((cell) => cell?.damage ?? []));
  const highest = figures.reduce((most, figure) => Math.max(most, figure), 0);
  if (highest === 0) return undefined;
  if (linear) {
    const level = scaleLinear([0, highest], [0, 100]).clamp(true);
    return { lowest: 0, highest, isCut: false, levelOf: (damage) => level(damage) };
  }
  const shown = figures.filter((figure) => figure >= highest * span);
  const lowest = shown.reduce((least, figure) => Math.min(least, figure), highest);
  const isCut = figures.some((figure) => figure > 0 && figure < lowest);
  const level = scaleLog([lowest, highest], [0, 100]).clamp(true);
  const levelOf = (damage: number) => (damage <= 0 ? 0 : lowest === highest ? 100 : level(damage));
  return { lowest, highest, isCut, levelOf };
}

/** The lines in the order of what a probe does to them, the worst first; in the model's for any other name. */
export function orderedLines(
  { lines, probes }: DamageGrid,
  sort: string,
): readonly SensitivityViewLine[] {
  const at = probes.findIndex(({ name }) => name === sort);
  if (at < 0) return lines;
  const damage = (line: SensitivityViewLine) => line.cells[at]?.damage ?? -Infinity;
  return [...lines].sort((a, b) => damage(b) - damage(a));
}

type Stand = Pick<SensitivityView, 'metric' | 'data'>;

/** The exact figure with its interval and what it stands on; lines separated by line breaks. */
export function cellTip(view: Stand, name: string, title: string, cell: DamageCell | null): string {
  const head = `${printable(name)}, ${title}`;
  if (!cell) return `${head}\nnot measured yet`;
  return [head, ...figureLines(view, cell)].join('\n');
}

/** "KL divergence 0.0001 (nats)", its interval, its samples, and whether more of them would change what it says. */
function figureLines(view: Stand, cell: DamageCell): readonly string[] {
  const { title, unit } = view.metric;
  return [
    `${title} ${exact(cell.damage)} (${unit})`,
    ...(unit === energyShare ? [`${formatDecibels(cell.damage)} of signal to noise`] : []),
    hasInterval(cell)
      ? `95 % interval ${formatSmall(cell.low)} to ${formatSmall(cell.high)}`
      : 'too few samples for an interval',
    inputsText({ samples: cell.samples, data: view.data }),
    cell.settled ? 'settled' : 'not settled: more samples may change its rank',
  ];
}

/** One sample has no spread. */
const hasInterval = ({ samples }: DamageCell): boolean => samples > 1;

/** "0.0003 ± 0.0001". */
export function damageText(cell: DamageCell | null | undefined): string {
  if (!cell) return formatSmall(null);
  const half = hasInterval(cell) ? ` ± ${formatSmall(cell.high - cell.damage)}` : '';
  return `${formatSmall(cell.damage)}${half}`;
}

/** "128 samples of dev.npz", "8 synthetic inputs". */
export function inputsText({ samples, data }: Pick<SensitivityView, 'samples' | 'data'>): string {
  return data === 'synthetic'
    ? `${samples} synthetic inputs`
    : `${samples} ${samples === 1 ? 'sample' : 'samples'} of ${printable(dataName(data), 60)}`;
}

const tiers = {
  hints: 'Hints: nothing was run',
  adaptive: 'Adaptive: samples were spent where the ranking was open',
  exact: 'Exact: every sample for every layer',
} as const satisfies Record<SensitivityView['tier'], string>;

/** "KL divergence, one layer changed at a time · 128 samples of dev.npz · exact". */
export function standsOnText(view: SensitivityView): string {
  const { metric, tier } = view;
  if (tier === 'hints') return 'hints from the weights alone: nothing was run';
  return `${metric.title}, one layer changed at a time · ${inputsText(view)} · ${tier}`;
}

export const tierText = ({ tier }: SensitivityView): string => tiers[tier];

/** "4-bit weights" is "4-bit" where room is short, "low rank, 90 % of energy" is "low rank 90 %". */
export const shortProbe = (title: string): string =>
  title.replace(/ weights$/, '').replace(/, ([\d.]+ %) of energy$/, ' $1');

/** "50 % pruned hurts less than 3-bit": where the other ways of compressing a layer stand among the widths that it was measured at. */
export function amongWidths(
  { probes }: DamageGrid,
  { cells }: SensitivityViewLine,
): readonly string[] {
  const known = probes.flatMap(({ title, strength }, at) => {
    const damage = cells[at]?.damage;
    return damage === undefined ? [] : [{ name: shortProbe(title), strength, damage }];
  });
  const widths = known
    .filter(({ strength }) => strength.kind === 'bits')
    .sort((a, b) => a.damage - b.damage);
  const mildest = widths[0];
  const harshest = widths.at(-1);
  if (!mildest || !harshest || mildest === harshest) return [];
  return known
    .filter(({ strength }) => strength.kind !== 'bits')
    .map(({ name, damage }) => {
      if (damage < mildest.damage) return `${name} hurts less than ${mildest.name}`;
      if (damage >= harshest.damage) return `${name} hurts more than ${harshest.name}`;
      const above = widths.findIndex((width) => width.damage > damage);
      return `${name} hurts between ${widths[above - 1]?.name ?? ''} and ${widths[above]?.name ?? ''}`;
    });
}

export const probeColumn = (name: string): ProbeColumn => `probe:${name}`;

/** The probe that says most of a layer at one glance: the mildest of those to four bits or fewer, or the first one. */
export function telling({ probes }: DamageGrid): string | undefined {
  const few = probes.filter(({ strength: { kind, value } }) => kind === 'bits' && value <= 4);
  const mildest = few.sort((a, b) => b.strength.value - a.strength.value)[0];
  return (mildest ?? probes[0])?.name;
}

/** A figure as it was measured, to four digits. */
export const exact = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-4
    ? value.toExponential(3)
    : String(Number(value.toPrecision(4)));
