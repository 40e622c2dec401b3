import { formatBytes } from '../../base/format';
import { printable } from '../../base/text';
import type { Comparison } from '../../protocol/build';
import { comparisonLines } from '../comparisonLines';
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
} from '../comparisonWords';

/** A comparison as Markdown, for a pull request or a note. Names from the files are escaped. */
export function writeComparisonMarkdown(comparison: Comparison): string {
  return [
    `# ${cell(comparisonTitle(comparison))}`,
    cell(conditionsLine(comparison)),
    figures(comparison),
    kernels(comparison),
    changes(comparison),
    `Made by Featherweight ${cell(comparison.featherweight)}.`,
  ]
    .filter((section) => section !== '')
    .map((section) => `${section}\n`)
    .join('\n');
}

function figures(comparison: Comparison): string {
  const rows = comparisonLines(comparison).map(({ title, reference, candidate, verdict, note }) => [
    ...[title, reference, candidate, verdict, note],
  ]);
  return table(['', 'original', 'candidate', '', ''], rows, '-rr--');
}

function kernels({ kernels: proofs }: Comparison): string {
  if (proofs.length === 0) return '';
  const ok = proofs.filter((proof) => proof.ok).length;
  const missed = missedKernels(proofs).map(
    ({ why, layers, wanted, ran }) =>
      `- ${layersText(layers.length)}: ${cell(why)} Wanted ${cell(wanted)}, ran ${cell(ran)}. ${layers.map((layer) => cell(printable(layer))).join(', ')}`,
  );
  const notes = kernelNotes(proofs).map(({ why, count }) => `- ${layersText(count)}: ${cell(why)}`);
  return [`## Kernels: ${ok} of ${proofs.length} as intended`, [...missed, ...notes].join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

function changes(comparison: Comparison): string {
  const rows = changedLayers(comparison).map((change) => [
    printable(change.layer),
    change.from ?? 'added',
    change.to ?? 'removed',
    formatBytes(change.bytes.reference),
    formatBytes(change.bytes.candidate),
    bytesDelta(change),
    outputError(change),
  ]);
  const title = `## Layers: ${changesLine(comparison.layers)}`;
  const head = ['layer', 'original', 'candidate', 'bytes', '', 'change', 'output error'];
  return rows.length === 0 ? title : `${title}\n\n${table(head, rows, '---rrrr')}`;
}

function table(head: readonly string[], rows: readonly string[][], aligns: string): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  const rule = [...aligns].map((align) => (align === 'r' ? '---:' : '---'));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** Names come from untrusted files: nothing in them may become markup, a table's border or a link. */
function cell(text: string): string {
  return printable(text, 400).replace(/[\\`*_[\]<>|#!~&]/g, (character) => `\\${character}`);
}
