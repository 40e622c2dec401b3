import { formatSmall } from '../base/format';
import type { SensitivityRow } from '../protocol/sensitivity';
import type { Finding } from '../report/sensitivity/verdict';
import { caption, chart, round, type Chart, type ChartColors } from './charts';

type Kind = Finding['probe']['strength']['kind'];

/** One way of compressing, at several strengths: a line of the picture. */
interface Series {
  readonly kind: Kind;
  readonly points: readonly Point[];
}

interface Point {
  readonly strength: number;
  readonly damage: number;
  readonly low: number;
  readonly high: number;
}

const panelWidth = 110;
const gap = 18;
const height = 47;
/** Above it the axis of the picture, below it the captions. */
const plot = { top: 5, bottom: 33 };
/** What was too small to tell from none still gets a place on a logarithmic axis. */
const floor = 1e-9;

/** What each kind of strength is called under its axis, and how it is written. */
const axes = {
  bits: { title: 'bits', text: (value: number) => String(value) },
  share: { title: '% kept', text: (value: number) => String(Math.round(value * 100)) },
  energy: { title: '% of energy', text: (value: number) => String(Math.round(value * 100)) },
} satisfies Record<Kind, { title: string; text: (value: number) => string }>;

/**
 * How much a layer suffers the less is left of it: for every way of compressing with two strengths or more a line, on one logarithmic
 * axis, with intervals as bars and the limit dashed. Undefined where there is no line to draw.
 */
export function sensitivityCurve(
  findings: readonly Finding[],
  limit: number | undefined,
  colors: ChartColors,
): Chart | undefined {
  const series = seriesOf(findings);
  if (series.length === 0) return undefined;
  const scale = scaleOf(series, limit);
  const marks = series.flatMap((each, at) =>
    panel(each, at * (panelWidth + gap), { scale, limit, colors }),
  );
  return chart(marks, series.length * (panelWidth + gap) - gap, height);
}

function seriesOf(findings: readonly Finding[]): readonly Series[] {
  return (Object.keys(axes) as Kind[]).flatMap((kind) => {
    const points = findings
      .filter(({ probe }) => probe.strength.kind === kind && probe.unit === 'layer')
      .map(({ probe, row }) => pointOf(probe.strength.value, row))
      .sort((a, b) => b.strength - a.strength);
    return points.length > 1 ? [{ kind, points }] : [];
  });
}

function pointOf(strength: number, { damage, low, high }: SensitivityRow): Point {
  const shown = Math.max(damage, floor);
  return {
    strength,
    damage: shown,
    low: Math.max(low, shown / 10, floor),
    high: Math.max(high, shown),
  };
}

/** From a damage to its height. */
type Scale = (damage: number) => number;

function scaleOf(series: readonly Series[], limit: number | undefined): Scale {
  const all = series.flatMap(({ points }) => points);
  const values = [...all.flatMap(({ low, high }) => [low, high]), ...(limit ? [limit] : [])];
  const [least, most] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  const span = Math.max(most - least, 1);
  return (damage) => {
    const share = (Math.log10(Math.max(damage, floor)) - least) / span;
    return round(plot.bottom - Math.min(Math.max(share, 0), 1) * (plot.bottom - plot.top));
  };
}

interface Drawing {
  readonly scale: Scale;
  readonly limit: number | undefined;
  readonly colors: ChartColors;
}

function panel({ kind, points }: Series, left: number, drawing: Drawing): string[] {
  const { scale, limit, colors } = drawing;
  const { title, text } = axes[kind];
  const step = (panelWidth - 12) / (points.length - 1);
  const placed = points.map((point, at) => ({ point, x: round(left + 6 + at * step) }));
  const [first, last] = [points[0], points.at(-1)];
  const path = placed.map(({ point, x }) => `${x},${scale(point.damage)}`).join(' ');
  return [
    ...(limit ? [limitLine(left, scale(limit), colors)] : []),
    ...placed.map(({ point, x }) => bar(x, scale(point.high), scale(point.low), colors)),
    `<polyline points="${path}" fill="none" stroke="${colors.mark}" stroke-width="1.5"/>`,
    ...placed.map(
      ({ point, x }) =>
        `<circle cx="${x}" cy="${scale(point.damage)}" r="2.5" fill="${colors.mark}"/>`,
    ),
    ...(first && last
      ? [
          caption(`${text(first.strength)} ${title}`, left, 'start', colors, height),
          caption(
            `${text(last.strength)}: ${formatSmall(last.damage)}`,
            left + panelWidth,
            'end',
            colors,
            height,
          ),
        ]
      : []),
  ];
}

function limitLine(left: number, y: number, { quiet }: ChartColors): string {
  return `<line x1="${left}" x2="${left + panelWidth}" y1="${y}" y2="${y}" stroke="${quiet}" stroke-width="1" stroke-dasharray="3 2"/>`;
}

function bar(x: number, top: number, bottom: number, { quiet }: ChartColors): string {
  return `<line x1="${x}" x2="${x}" y1="${top}" y2="${bottom}" stroke="${quiet}" stroke-width="2"/>`;
}
