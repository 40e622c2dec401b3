import { formatBytes, formatCount, formatFactor, formatShare } from '../base/format';
import { printable } from '../base/text';
import type { ActionFacts, Built, BuiltStep } from '../protocol/build';
import type { Step } from '../protocol/recipe';
import { textTable, wrapText, type TextCell } from './columns';
import { stepWords } from './recipeWords';
import type { TerminalOptions } from './terminal';

export interface BuildReport {
  readonly built: Built;
  /** As they were asked for, in the order of `built.steps`. */
  readonly steps: readonly Step[];
  readonly actions: readonly ActionFacts[];
  /** The recipe's file, where one was written. */
  readonly recipe?: string;
}

/** What a build did, as text for a terminal: sizes, every step, and the layers that stayed as they are, with the reasons. */
export function terminalBuild(report: BuildReport, options: TerminalOptions): string {
  const sections = [
    header(report, options),
    stepLines(report, options),
    leftLines(report, options),
    footnotes(report, options),
  ];
  return sections
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function header({ built }: BuildReport, { palette }: TerminalOptions): string[] {
  const { output, bytes, sourceBytes } = built;
  const share = `${formatShare(bytes / sourceBytes)} of ${formatBytes(sourceBytes)}`;
  const factor = bytes < sourceBytes ? `, ${formatFactor(sourceBytes / bytes)} smaller` : '';
  return [palette.strong(printable(output)), `${formatBytes(bytes)}, ${share}${factor}`];
}

function stepLines(
  { built, steps, actions }: BuildReport,
  { palette, width }: TerminalOptions,
): string[] {
  const rows = built.steps.map((outcome, i): TextCell[] => {
    const facts = actions.find(({ name }) => name === outcome.action);
    const step = steps[i] ?? { action: outcome.action, targets: {} };
    const { title, params } = stepWords(step, facts);
    return [
      { text: `${i + 1}  ${[title, params].filter(Boolean).join(' · ')}` },
      { text: doneText(outcome), paint: outcome.edits === 0 ? palette.quiet : undefined },
    ].map(({ text, paint }) => ({ text, ...(paint ? { paint } : {}) }));
  });
  const columns = [
    { title: 'step', align: 'left' },
    { title: 'what it did', align: 'left' },
  ] as const;
  return textTable(columns, rows, { width, quiet: palette.quiet });
}

function doneText({ layers, edits }: BuiltStep): string {
  if (edits === 0) return 'nothing to do';
  if (layers.length === 0) return `changed ${counted(edits, 'place')}`;
  return `changed ${counted(layers.length, 'layer')}`;
}

function counted(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** Names of so many layers follow a reason. */
const mostNamed = 3;

/**
 * Layers that the first compressing step was asked to change and that none did, by the reason it gave. What later steps leave also lists what
 * the earlier ones made.
 */
function leftLines({ built, actions }: BuildReport, { palette, width }: TerminalOptions): string[] {
  const compressing = built.steps.filter(
    ({ action }) => actions.find(({ name }) => name === action)?.group !== 'prepare',
  );
  const changed = new Set(compressing.flatMap((step) => step.layers));
  const byReason = new Map<string, string[]>();
  for (const { layer, why } of compressing[0]?.skipped ?? []) {
    if (!changed.has(layer)) byReason.set(why, [...(byReason.get(why) ?? []), layer]);
  }
  if (byReason.size === 0) return [];
  const lines = [...byReason].flatMap(([why, layers]) => [
    ...wrapText(`${counted(layers.length, 'layer')}: ${why}`, width - 2).map((line) => `  ${line}`),
    `    ${palette.quiet(namesOf(layers))}`,
  ]);
  return [palette.quiet('left as they are'), ...lines];
}

function namesOf(layers: readonly string[]): string {
  const named = layers.slice(0, mostNamed).map((layer) => printable(layer, 60));
  const more = layers.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function footnotes({ built, recipe }: BuildReport, { palette, width }: TerminalOptions): string[] {
  const { seconds, peakMemoryBytes, tried, notes } = built;
  const loads = tried === 'loaded' ? ['ONNX Runtime loads it'] : [];
  const effort = `${seconds.toFixed(1)} s, ${formatBytes(peakMemoryBytes)} of memory at most`;
  return [
    ...[...loads, effort, ...(recipe === undefined ? [] : [`recipe in ${printable(recipe)}`])],
    ...notes.flatMap((note) => wrapText(note, width)),
  ].map((line) => palette.quiet(line));
}
