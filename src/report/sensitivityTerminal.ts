import { formatSmall } from '../base/format';
import { printable } from '../base/text';
import type { Sensitivity, SensitivityRow } from '../protocol/sensitivity';
import { textTable, wrapText, type TextCell, type TextColumn } from './columns';
import { byRole, sensitivityLines } from './sensitivityTable';
import type { TerminalOptions } from './terminal';

/** A sweep as text for a terminal: what it stands on, layers by probes, means by role. Ends with a line break. */
export function terminalSensitivity(sensitivity: Sensitivity, options: TerminalOptions): string {
  return [header(sensitivity, options), layers(sensitivity, options), roles(sensitivity, options)]
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function header(sensitivity: Sensitivity, { palette, width }: TerminalOptions): string[] {
  const { metric, samples, data, seconds, reused, skipped, complete } = sensitivity;
  const inputs = data === 'synthetic' ? 'made-up inputs' : printable(data, 80);
  const kept = reused > 0 ? `, ${reused} rows kept from before` : '';
  const facts = `${metric.title} (${metric.unit}) of the whole model's answers with one layer changed, mean of ${samples} samples of ${inputs}; ${seconds.toFixed(1)} s${kept}.`;
  const left =
    skipped.length > 0
      ? [`${skipped.length} ${skipped.length === 1 ? 'layer' : 'layers'} could not be asked about.`]
      : [];
  return [
    palette.strong(complete ? 'Sensitivity' : 'Sensitivity, not complete'),
    ...[facts, ...left].flatMap((line) => wrapText(line, width)).map(palette.quiet),
  ];
}

function layers(
  sensitivity: Sensitivity,
  { palette, width, layers: most }: TerminalOptions,
): string[] {
  const lines = sensitivityLines(sensitivity);
  const columns: TextColumn[] = [
    { title: 'layer', align: 'left' },
    { title: 'role', align: 'left', drop: 1 },
    ...sensitivity.probes.map(({ title }): TextColumn => ({ title, align: 'right' })),
    { title: '95 % interval', align: 'right', drop: 2 },
  ];
  const rows = lines
    .slice(0, most)
    .map((line): TextCell[] => [
      { text: printable(line.name) },
      { text: line.role, paint: palette.part(line.part) },
      ...line.cells.map((cell): TextCell => ({ text: formatSmall(cell?.damage) })),
      { text: intervalText(line.cells[0]), paint: palette.quiet },
    ]);
  const rest = lines.length - rows.length;
  return [
    ...textTable(columns, rows, { width, quiet: palette.quiet }),
    ...(rest > 0 ? [palette.quiet(`… and ${rest} more: --layers ${lines.length}`)] : []),
  ];
}

/** Of the first probe, by which the lines are in order. */
function intervalText(cell: SensitivityRow | undefined): string {
  return cell ? `${formatSmall(cell.low)} … ${formatSmall(cell.high)}` : '';
}

function roles(sensitivity: Sensitivity, { palette, width }: TerminalOptions): string[] {
  const lines = byRole(sensitivity);
  if (lines.length < 2) return [];
  const columns: TextColumn[] = [
    { title: 'mean by role', align: 'left' },
    { title: 'layers', align: 'right' },
    ...sensitivity.probes.map(({ title }): TextColumn => ({ title, align: 'right' })),
  ];
  const rows = lines.map((line): TextCell[] => [
    { text: line.role },
    { text: String(line.layers) },
    ...line.means.map((mean): TextCell => ({ text: formatSmall(mean) })),
  ]);
  return textTable(columns, rows, { width, quiet: palette.quiet });
}
