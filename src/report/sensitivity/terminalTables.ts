import { formatRatio, formatShare, formatSmall, unknownText } from '../../base/format';
import { printable } from '../../base/text';
import type {
  HintLine,
  PropagationRow,
  Sensitivity,
  SensitivityView,
} from '../../protocol/sensitivity';
import { textTable, wrapText, type TextCell, type TextColumn } from '../columns';
import type { TerminalOptions } from '../terminal';

/** What the weights alone tell, those that lose most first. Empty where nobody asked. */
export function hintTable(
  { probes, lines, omitted }: SensitivityView['hints'],
  { palette, width, layers: most }: TerminalOptions,
): string[] {
  if (lines.length === 0) return [];
  const columns: TextColumn[] = [
    { title: 'layer', align: 'left' },
    ...probes.map((title): TextColumn => ({ title, align: 'right' })),
    { title: 'largest by typical', align: 'right', drop: 2 },
    { title: 'channels’ ranges', align: 'right', drop: 2 },
    { title: 'zeros', align: 'right', drop: 3 },
  ];
  const rows = lines.slice(0, most).map(hintCells);
  const rest = lines.length + omitted - rows.length;
  return [
    palette.quiet('Signal to error of each weight under each probe:'),
    ...textTable(columns, rows, { width, quiet: palette.quiet }),
    ...(rest > 0 ? [palette.quiet(`… and ${rest} more: --layers ${rows.length + rest}`)] : []),
  ];
}

const hintCells = ({ id, snrDb, outlierRatio, channelSpread, zeros }: HintLine): TextCell[] => [
  { text: printable(id) },
  ...snrDb.map((db): TextCell => ({ text: db === null ? unknownText : `${db.toFixed(1)} dB` })),
  { text: `${formatRatio(outlierRatio)}x` },
  { text: `${formatRatio(channelSpread)}x` },
  { text: formatShare(zeros) },
];

/** Where the error of one probe enters, and what becomes of it: the layers whose error is largest in the answers first. */
export function propagationTable(
  { propagation, probes }: Sensitivity,
  { palette, width, layers: most }: TerminalOptions,
): string[] {
  const [first] = propagation;
  if (!first) return [];
  const title = probes.find(({ name }) => name === first.probe)?.title ?? first.probe;
  const columns: TextColumn[] = [
    { title: 'error of', align: 'left' },
    { title: 'its own output', align: 'right' },
    { title: 'end of its block', align: 'right', drop: 2 },
    { title: 'last block', align: 'right', drop: 3 },
    { title: 'answers', align: 'right' },
    { title: 'grows', align: 'right' },
  ];
  const worst = [...propagation].sort((a, b) => b.output - a.output).slice(0, most);
  return [
    ...wrapText(
      `Where the error of ${title} enters and what becomes of it, as a share of the energy there:`,
      width,
    ).map(palette.quiet),
    ...textTable(columns, worst.map(propagationCells), { width, quiet: palette.quiet }),
  ];
}

const propagationCells = ({ name, local, blocks, output }: PropagationRow): TextCell[] => [
  { text: printable(name) },
  { text: formatSmall(local) },
  { text: formatSmall(blocks[0]?.error) },
  { text: formatSmall(blocks.at(-1)?.error) },
  { text: formatSmall(output) },
  { text: local > 0 ? `${formatRatio(output / local)}x` : unknownText },
];
