import { formatBytes } from '../base/format';
import { printable } from '../base/text';
import type { Comparison } from '../protocol/build';
import type { ComparisonLine } from '../protocol/recipeView';
import { textBar, textTable, wrapText, type TextCell, type TextColumn } from './columns';
import { comparisonView } from './comparisonView';
import {
  bytesDelta,
  changedLayers,
  changesLine,
  comparisonTitle,
  conditionsLine,
  kernelNotes,
  layersText,
  missedKernels,
  outputError,
  worstLayers,
} from './comparisonWords';
import type { TerminalOptions } from './terminal';

/** A comparison as text for a terminal: figures side by side, kernels that are missed, layers that changed. Ends with a line break. */
export function terminalComparison(comparison: Comparison, options: TerminalOptions): string {
  return [
    header(comparison, options),
    figures(comparison, options),
    kernels(comparison, options),
    changes(comparison, options),
  ]
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function header(comparison: Comparison, { palette, width }: TerminalOptions): string[] {
  return [
    palette.strong(comparisonTitle(comparison)),
    ...wrapText(conditionsLine(comparison), width).map(palette.quiet),
  ];
}

const barWidth = 12;

function figures(comparison: Comparison, { palette, width }: TerminalOptions): string[] {
  const columns: TextColumn[] = [
    { title: '', align: 'left' },
    { title: 'original', align: 'right' },
    { title: 'candidate', align: 'right' },
    { title: '', align: 'left', drop: 2 },
    { title: '', align: 'left' },
    { title: '', align: 'left', drop: 1 },
  ];
  const { lines, kernels: found } = comparisonView(comparison, true);
  const rows = lines.map((line): TextCell[] => [
    { text: line.title },
    { text: line.reference },
    { text: line.candidate, paint: palette.strong },
    { text: barsText(line), paint: palette.quiet },
    { text: line.verdict, paint: line.tone === 'same' ? palette.quiet : palette.strong },
    { text: line.note, paint: palette.quiet },
  ]);
  const proofs = comparison.kernels;
  const ok = proofs.filter((proof) => proof.ok).length;
  const schemes = found.schemes.map(
    ({ scheme, ok: running, total }) => `${scheme} ${running} of ${total}`,
  );
  const kernelRow: TextCell[] = [
    { text: 'kernels' },
    { text: '' },
    { text: `${ok} of ${proofs.length}`, paint: palette.strong },
    { text: '' },
    { text: ok === proofs.length ? 'all as intended' : `${proofs.length - ok} missed` },
    { text: schemes.join(', '), paint: palette.quiet },
  ];
  const all = proofs.length > 0 ? [...rows, kernelRow] : rows;
  return textTable(columns, all, { width, quiet: palette.quiet });
}

function barsText({ bars }: ComparisonLine): string {
  if (!bars) return '';
  const before = textBar(bars.reference, barWidth);
  return `${before.padEnd(barWidth)} → ${textBar(bars.candidate, barWidth)}`;
}

/** Names shown of the layers that one reason is about. */
const mostNames = 3;

function kernels({ kernels: proofs }: Comparison, { palette, width }: TerminalOptions): string[] {
  const missed = missedKernels(proofs).flatMap(({ why, wanted, ran, layers }) => {
    const names = layers.slice(0, mostNames).map((layer) => printable(layer, 80));
    const rest = layers.length > mostNames ? ` and ${layers.length - mostNames} more` : '';
    return [
      ...wrapText(`${layersText(layers.length)}: ${why}`, width - 2),
      ...wrapText(`${names.join(', ')}${rest}. Wanted ${wanted}; ran ${ran}.`, width - 2).map(
        palette.quiet,
      ),
    ].map((line) => `  ${line}`);
  });
  const notes = kernelNotes(proofs).flatMap(({ why, count }) =>
    wrapText(`${layersText(count)}: ${why}`, width - 2).map((line) => palette.quiet(`  ${line}`)),
  );
  return [
    ...(missed.length > 0 ? [palette.strong('Not on the fast kernel'), ...missed] : []),
    ...(notes.length > 0 ? [palette.quiet('Worth knowing'), ...notes] : []),
  ];
}

function changes(
  comparison: Comparison,
  { palette, width, layers: most }: TerminalOptions,
): string[] {
  const changed = changedLayers(comparison);
  const shown = changed.slice(0, most);
  const title = `Layers: ${changesLine(comparison.layers)}`;
  if (shown.length === 0) return [palette.quiet(title)];
  const columns: TextColumn[] = [
    { title, align: 'left' },
    { title: 'original', align: 'left', drop: 2 },
    { title: 'candidate', align: 'left' },
    { title: 'bytes', align: 'right', drop: 1 },
    { title: '', align: 'right', drop: 1 },
    { title: 'change', align: 'right' },
    { title: 'output', align: 'right', drop: 3 },
  ];
  const rows = shown.map((change): TextCell[] => [
    { text: printable(change.layer) },
    { text: printable(change.from ?? '', 80), paint: palette.quiet },
    { text: printable(change.to ?? change.change, 80) },
    { text: formatBytes(change.bytes.reference), paint: palette.quiet },
    { text: formatBytes(change.bytes.candidate), paint: palette.quiet },
    { text: bytesDelta(change) },
    { text: outputError(change), paint: palette.quiet },
  ]);
  const worst = worstLayers(comparison);
  const worstLines = worst
    ? wrapText(`Furthest from the original’s results: ${worst}`, width).map(palette.quiet)
    : [];
  const rest = changed.length - shown.length;
  const more = rest > 0 ? [palette.quiet(`… and ${rest} more: --layers ${changed.length}`)] : [];
  return [...textTable(columns, rows, { width, quiet: palette.quiet }), ...more, ...worstLines];
}
