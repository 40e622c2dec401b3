import { formatBytes, formatMs, formatRatio, formatSmall } from '../base/format';
import { printable } from '../base/text';
import type { Plan, PlanFigures } from '../protocol/plan';
import { textTable, wrapText, type TextCell, type TextColumn } from './columns';
import type { TerminalOptions } from './terminal';

/** A plan as text for a terminal: what it promised and what it is, then what became of the layers. Ends with a line break. */
export function terminalPlan(
  plan: Plan,
  { front = false, ...options }: TerminalOptions & { readonly front?: boolean },
): string {
  return [
    header(plan, options),
    figures(plan, options),
    layers(plan, options),
    ...(front ? [otherPlans(plan, options)] : []),
  ]
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function header(plan: Plan, { palette, width }: TerminalOptions): string[] {
  const { metric, samples, data, seconds, attempts, kept } = plan;
  const tried = attempts.length > 1 ? `the best of ${attempts.length} plans` : 'one plan';
  const facts = `${metric.title} (${metric.unit}), mean of ${samples} samples of ${printable(data, 80)}; ${tried}, ${seconds.toFixed(0)} s.`;
  return [
    palette.strong(
      kept ? 'A plan within the limit' : 'The nearest plan: it does not keep the limit',
    ),
    ...wrapText(facts, width).map(palette.quiet),
  ];
}

function figures(
  { predicted, measured, unseen, metric }: Plan,
  { palette, width }: TerminalOptions,
): string[] {
  const columns: TextColumn[] = [
    { title: '', align: 'left' },
    { title: 'sum of layers', align: 'right' },
    { title: 'measured', align: 'right' },
  ];
  const row = (title: string, of: (figures: PlanFigures) => string): TextCell[] => [
    { text: title },
    { text: of(predicted), paint: palette.quiet },
    { text: of(measured), paint: palette.strong },
  ];
  const rows = [
    row('file', ({ bytes }) => formatBytes(bytes)),
    row(metric.title, ({ damage }) => formatSmall(damage)),
    ...(unseen
      ? [
          [
            { text: `${metric.title}, ${unseen.samples} samples not used before` },
            { text: '' },
            { text: formatSmall(unseen.damage), paint: palette.strong },
          ],
        ]
      : []),
    ...(measured.latencyMs === null
      ? []
      : [
          row('latency', ({ latencyMs }) => formatMs(latencyMs)),
          row('times as fast', ({ speed }) => formatRatio(speed)),
        ]),
  ];
  return textTable(columns, rows, { width, quiet: palette.quiet });
}

function layers(plan: Plan, { palette, width, layers: most }: TerminalOptions): string[] {
  const columns: TextColumn[] = [
    { title: 'layer', align: 'left' },
    { title: 'becomes', align: 'left' },
    { title: 'bytes', align: 'right', drop: 1 },
    { title: plan.metric.title, align: 'right' },
  ];
  const shown = plan.layers.slice(0, most);
  const rows = shown.map((layer): TextCell[] => [
    { text: printable(layer.name) },
    { text: layer.title, paint: layer.choice === 'keep' ? palette.quiet : palette.strong },
    { text: `${formatBytes(layer.bytes.before)} → ${formatBytes(layer.bytes.after)}` },
    { text: formatSmall(layer.damage), paint: palette.quiet },
  ]);
  const rest = plan.layers.length - shown.length;
  return [
    ...textTable(columns, rows, { width, quiet: palette.quiet }),
    ...(rest > 0 ? [palette.quiet(`… and ${rest} more: --layers ${plan.layers.length}`)] : []),
  ];
}

/** What other limits would give, by the sum of the layers' own measurements. */
function otherPlans({ front, metric }: Plan, { palette, width }: TerminalOptions): string[] {
  const isTimed = front.some(({ latencyMs }) => latencyMs !== null);
  const columns: TextColumn[] = [
    { title: 'other plans', align: 'right' },
    ...(isTimed ? [{ title: 'latency', align: 'right' } as const] : []),
    { title: metric.title, align: 'right' },
  ];
  const rows = front.map(({ bytes, latencyMs, damage }): TextCell[] => [
    { text: formatBytes(bytes) },
    ...(isTimed ? [{ text: formatMs(latencyMs) }] : []),
    { text: formatSmall(damage) },
  ]);
  return textTable(columns, rows, { width, quiet: palette.quiet });
}
