import { scaleLog } from 'd3-scale';
import { formatSmall } from '../src/base/format';
import type { SensitivityView, SensitivityViewLine } from '../src/protocol/sensitivity';
import { dataName } from './views/facts';

type Cell = SensitivityViewLine['cells'][number];

/** Where figures of damage stand between the smallest and the largest of them. */
export interface DamageScale {
  readonly lowest: number;
  readonly highest: number;
  /** Per cent of the ramp: by its logarithm, for damage spans many powers of ten. */
  readonly levelOf: (damage: number) => number;
}

/** What is smaller than this share of the largest is as good as none, and takes no part of the ramp. */
const span = 1e-8;

/** Undefined where there is no figure above zero. */
export function damageScale(lines: readonly SensitivityViewLine[]): DamageScale | undefined {
  const figures = lines.flatMap(({ cells }) => cells.flatMap((cell) => cell?.damage ?? []));
  const highest = Math.max(0, ...figures);
  if (highest === 0) return undefined;
  const lowest = Math.min(...figures.filter((figure) => figure >= highest * span));
  const level = scaleLog([lowest, highest], [0, 100]).clamp(true);
  const levelOf = (damage: number) => (damage <= 0 ? 0 : lowest === highest ? 100 : level(damage));
  return { lowest, highest, levelOf };
}

/** The lines in the order of what a probe does to them, the worst first; in the model's for any other name. */
export function orderedLines(
  { lines, probes }: SensitivityView,
  sort: string,
): readonly SensitivityViewLine[] {
  const at = probes.findIndex(({ name }) => name === sort);
  if (at < 0) return lines;
  const damage = (line: SensitivityViewLine) => line.cells[at]?.damage ?? -Infinity;
  return [...lines].sort((a, b) => damage(b) - damage(a));
}

/** The exact figure with its interval and what it stands on; lines separated by line breaks. */
export function cellTip(view: SensitivityView, line: SensitivityViewLine, at: number): string {
  const head = `${line.name}, ${view.probes[at]?.title ?? ''}`;
  const cell = line.cells[at];
  if (!cell) return `${head}\nnot measured yet`;
  const { title, unit } = view.metric;
  return [
    head,
    `${title} ${exact(cell.damage)} (${unit})`,
    `95 % interval ${exact(cell.low)} to ${exact(cell.high)}`,
    inputsText(view),
  ].join('\n');
}

/** "0.0003 ± 0.0001". */
export const damageText = (cell: Cell | undefined): string =>
  cell
    ? `${formatSmall(cell.damage)} ± ${formatSmall(cell.high - cell.damage)}`
    : formatSmall(null);

/** "128 samples of dev.npz", "8 synthetic inputs". */
export function inputsText({ samples, data }: SensitivityView): string {
  return data === 'synthetic'
    ? `${samples} synthetic inputs`
    : `${samples} ${samples === 1 ? 'sample' : 'samples'} of ${dataName(data)}`;
}

const exact = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-4
    ? value.toExponential(3)
    : String(Number(value.toPrecision(4)));
