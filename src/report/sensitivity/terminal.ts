import {
  energyShare,
  formatBytes,
  formatDecibels,
  formatSmall,
  unknownText,
} from '../../base/format';
import { printable } from '../../base/text';
import type {
  DamageCell,
  DamageGrid,
  MeanLine,
  Sensitivity,
  SensitivityView,
  SensitivityViewLine,
  Unit,
} from '../../protocol/sensitivity';
import { textTable, wrapText, type TextCell, type TextColumn } from '../columns';
import { hintTable, propagationTable } from './terminalTables';
import { sensitivityView } from './view';
import type { TerminalOptions } from '../terminal';

/**
 * A sweep as text for a terminal: what it stands on, layers by probes with the worst first, means by role and by depth, and what follows
 * from them. Ends with a line break.
 */
export function terminalSensitivity(sensitivity: Sensitivity, options: TerminalOptions): string {
  const view = sensitivityView(sensitivity, undefined, Infinity);
  const isLayers = view.lines.length > 0;
  return [
    header(sensitivity, options),
    ...(isLayers ? [gridTable('layer', view, sensitivity, options)] : []),
    ...view.wholes.map((grid) => gridTable(grid.unit, grid, sensitivity, options)),
    worstUnderOthers(view, sensitivity, options),
    meansTable('mean by role', view.roles, view, options),
    meansTable('mean by block', view.depth, view, options),
    findings(view, options),
    hintTable(view.hints, options),
    propagationTable(sensitivity, options),
  ]
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function header(sensitivity: Sensitivity, { palette, width }: TerminalOptions): string[] {
  const { tier, seconds, reused, skipped, complete, notes, peakMemoryBytes } = sensitivity;
  const title = tier === 'hints' ? 'Hints on sensitivity' : 'Sensitivity';
  const kept = reused > 0 ? `, ${reused} rows kept from before` : '';
  const effort = `${seconds.toFixed(1)} s${kept}, ${formatBytes(peakMemoryBytes)} of memory at most.`;
  const lines = [
    `${basis(sensitivity)}; ${effort}`,
    ...(skipped.length > 0 ? [leftOut(skipped)] : []),
    ...notes.map((note) => printable(note, 500)),
  ];
  return [
    palette.strong(complete ? title : `${title}, not complete`),
    ...lines.flatMap((line) => wrapText(line, width)).map(palette.quiet),
  ];
}

function basis({ tier, metric, samples, data }: Sensitivity): string {
  if (tier === 'hints') {
    return 'From the weights alone: where trouble may lie, and no measure of damage';
  }
  const inputs = data === 'synthetic' ? 'made-up inputs' : printable(data, 80);
  const spent = tier === 'adaptive' ? `up to ${samples}` : String(samples);
  return `${metric.title} (${metric.unit}) of the whole model's answers with one layer changed, mean of ${spent} samples of ${inputs} with its 95 % interval`;
}

function leftOut(skipped: Sensitivity['skipped']): string {
  const count = new Set(skipped.map(({ layer }) => layer)).size;
  return `${count} ${count === 1 ? 'layer' : 'layers'} could not be asked about, or not with every probe: --json has the reasons.`;
}

/** Worst first under the first probe. */
function gridTable(
  unit: Unit,
  { probes, lines }: DamageGrid,
  { ranking, metric }: Sensitivity,
  { palette, width, layers: most }: TerminalOptions,
): string[] {
  const order = new Map(
    ranking.find(({ probe }) => probe === probes[0]?.name)?.layers.map((id, at) => [id, at]),
  );
  const placeOf = ({ id }: SensitivityViewLine) => order.get(id) ?? Infinity;
  const shown = [...lines].sort((a, b) => placeOf(a) - placeOf(b)).slice(0, most);
  const columns: TextColumn[] = [
    { title: unit, align: 'left' },
    ...(unit === 'layer' ? [{ title: 'role', align: 'left', drop: 1 } as const] : []),
    ...probes.flatMap(({ title }, at): TextColumn[] => [
      { title, align: 'right' },
      // Those of the first probe, by which layers are ranked, go last.
      { title: '±', align: 'left', drop: 2 + at },
    ]),
  ];
  const rows = shown.map((line): TextCell[] => [
    { text: printable(line.name) },
    ...(unit === 'layer' ? [{ text: line.role, paint: palette.part(line.part) }] : []),
    ...line.cells.flatMap((cell): TextCell[] => [
      { text: figure(cell, metric) },
      { text: spread(cell), paint: palette.quiet },
    ]),
  ]);
  const rest = lines.length - rows.length;
  const isOpen = shown.some(({ cells }) => cells.some((cell) => cell && !cell.settled));
  const first = probes.length > 1 ? probes[0]?.title : undefined;
  return [
    ...(first === undefined ? [] : [palette.quiet(`Worst under ${first} first:`)]),
    ...textTable(columns, rows, { width, quiet: palette.quiet }),
    ...(rest > 0 ? [palette.quiet(`… and ${rest} more: --layers ${lines.length}`)] : []),
    ...(isOpen ? [palette.quiet('~ more samples may change its place')] : []),
  ];
}

function figure(cell: DamageCell | null, { unit }: Sensitivity['metric']): string {
  if (!cell) return unknownText;
  const decibels = unit === energyShare ? ` ${formatDecibels(cell.damage)}` : '';
  return `${cell.settled ? '' : '~'}${formatSmall(cell.damage)}${decibels}`;
}

const spread = (cell: DamageCell | null) =>
  cell ? `± ${formatSmall(cell.high - cell.damage)}` : '';

/** Named for each probe that the table is not in order of. */
const mostNamed = 5;

function worstUnderOthers(
  { probes }: DamageGrid,
  { ranking }: Sensitivity,
  { width }: TerminalOptions,
): string[] {
  return probes.slice(1).flatMap(({ name, title }) => {
    const worst = ranking.find(({ probe }) => probe === name)?.layers.slice(0, mostNamed) ?? [];
    const names = worst.map((id) => printable(id)).join(', ');
    return worst.length > 0 ? wrapText(`Worst under ${title}: ${names}`, width) : [];
  });
}

function meansTable(
  title: string,
  lines: readonly MeanLine[],
  { probes }: DamageGrid,
  { palette, width }: TerminalOptions,
): string[] {
  if (lines.length < 2) return [];
  const columns: TextColumn[] = [
    { title, align: 'left' },
    { title: 'layers', align: 'right' },
    ...probes.map((probe): TextColumn => ({ title: probe.title, align: 'right' })),
  ];
  const rows = lines.map(({ name, layers, means }): TextCell[] => [
    { text: name },
    { text: String(layers) },
    ...means.map((mean): TextCell => ({ text: formatSmall(mean?.mean) })),
  ]);
  return textTable(columns, rows, { width, quiet: palette.quiet });
}

function findings({ findings: found }: SensitivityView, { width }: TerminalOptions): string[] {
  return found.flatMap((text) => wrapText(text, width));
}
