import { formatBytes, formatMs, formatRatio, formatSmall } from '../base/format';
import { printable } from '../base/text';
import type { Interval, Plan, PlanFigures, PlannedLayer } from '../protocol/plan';
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
  const { metric, seconds, attempts, kept } = plan;
  const tried = attempts.length > 1 ? `the best of ${attempts.length} models tried` : 'one tried';
  const scheme = schemeOf(plan);
  const from = scheme === undefined ? '' : ` It is the ready scheme ${scheme}: no plan was better.`;
  const facts = `${metric.title} (${metric.unit}); ${tried}, ${seconds.toFixed(0)} s.${from}`;
  return [
    palette.strong(
      kept ? 'A plan within the limit' : 'The nearest plan: it does not keep the limit',
    ),
    ...wrapText(facts, width).map(palette.quiet),
    ...wrapText(basisText(plan), width).map(palette.quiet),
    ...plan.notes.flatMap((note) => wrapText(printable(note, mostOfNote), width)),
  ];
}

/** Characters of a note: it names layers. */
const mostOfNote = 800;

/** What the figures stand on: "Measured on 320 samples of dev.npz that served nothing else: 256 others gave scales …". */
function basisText({ data, basis }: Plan): string {
  const { calibrating, choosing, holding, heldOut } = basis;
  const name = printable(data, 80);
  return heldOut
    ? `Measured on ${holding} samples of ${name} that served nothing else: scales and rounding come from ${calibrating} others, the choice from ${choosing} more.`
    : `Measured on the ${holding} samples of ${name} that the choice stands on, too: they are too few to divide.`;
}

/** The ready scheme that the plan is; undefined for a choice of its own. */
function schemeOf({ predicted, layers }: Plan): string | undefined {
  return predicted === null ? layers[0]?.choice : undefined;
}

/** "0.0074 (0.0058 to 0.0096)". */
function withInterval(value: number, { low, high }: Interval, format: (value: number) => string) {
  return `${format(value)} (${format(low)} to ${format(high)})`;
}

function figures(
  { predicted, measured, unseen, metric, layerMetric }: Plan,
  { palette, width }: TerminalOptions,
): string[] {
  const columns: TextColumn[] = [
    { title: '', align: 'left' },
    { title: 'sum of layers', align: 'right' },
    { title: 'measured', align: 'right' },
  ];
  const row = (title: string, sum: string, is: string): TextCell[] => [
    { text: title },
    { text: predicted ? sum : '', paint: palette.quiet },
    { text: is, paint: palette.strong },
  ];
  const { intervals, damage, latencyMs, speed, bytes } = measured;
  const isSame = layerMetric.name === metric.name;
  const of = (figure: (figures: PlanFigures) => string) => (predicted ? figure(predicted) : '');
  const sum = of((each) => formatSmall(each.damage));
  const rows = [
    row(
      'file',
      of((each) => formatBytes(each.bytes)),
      formatBytes(bytes),
    ),
    row(metric.title, isSame ? sum : '', withInterval(damage, intervals.damage, formatSmall)),
    ...(isSame ? [] : [row(layerMetric.title, sum, '')]),
    ...(unseen
      ? [
          row(
            `${metric.title}, ${unseen.samples} samples not used at all`,
            '',
            withInterval(unseen.damage, unseen, formatSmall),
          ),
        ]
      : []),
    ...(intervals.latencyMs && latencyMs !== null
      ? [
          row(
            'latency',
            of((each) => formatMs(each.latencyMs)),
            withInterval(latencyMs, intervals.latencyMs, formatMs),
          ),
        ]
      : []),
    ...(intervals.speed && speed !== null
      ? [
          row(
            'times as fast',
            of((each) => formatRatio(each.speed)),
            withInterval(speed, intervals.speed, (each) => formatRatio(each)),
          ),
        ]
      : []),
  ];
  return textTable(columns, rows, { width, quiet: palette.quiet });
}

function layers(plan: Plan, { palette, width, layers: most }: TerminalOptions): string[] {
  const columns: TextColumn[] = [
    { title: 'layer', align: 'left' },
    { title: 'becomes', align: 'left' },
    { title: 'bytes', align: 'right', drop: 1 },
    { title: plan.layerMetric.title, align: 'right' },
  ];
  const shown = plan.layers.slice(0, most);
  const rows = shown.map((layer): TextCell[] => [
    { text: printable(layer.name) },
    { text: layer.title, paint: layer.choice === 'keep' ? palette.quiet : palette.strong },
    { text: `${formatBytes(layer.bytes.before)} → ${formatBytes(layer.bytes.after)}` },
    { text: damageText(plan, layer), paint: palette.quiet },
  ]);
  const rest = plan.layers.length - shown.length;
  return [
    ...textTable(columns, rows, { width, quiet: palette.quiet }),
    ...(rest > 0 ? [palette.quiet(`… and ${rest} more: --layers ${plan.layers.length}`)] : []),
  ];
}

/** A ready scheme has no damages of single layers. */
function damageText(plan: Plan, { damage, choice }: PlannedLayer): string {
  if (damage !== null) return formatSmall(damage);
  return schemeOf(plan) === undefined && choice !== 'keep' ? 'not measured' : '';
}

/** What other limits would give, by the sum of the layers' own measurements. */
function otherPlans(
  { front, layerMetric: metric }: Plan,
  { palette, width }: TerminalOptions,
): string[] {
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
