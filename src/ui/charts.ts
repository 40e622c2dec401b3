import type { WeightStatistics } from '../protocol/types';

/** Colours for a picture in a hover, which cannot see the theme's variables. */
export interface ChartColors {
  readonly mark: string;
  readonly quiet: string;
  readonly text: string;
}

export type ThemeKind = 'light' | 'dark' | 'highContrast' | 'highContrastLight';

/** Told apart by lightness too: the marked bar stands out where hue is not seen. */
export const chartColors = {
  light: { mark: '#005fb8', quiet: '#b8c4cf', text: '#616161' },
  dark: { mark: '#4daafc', quiet: '#4b5763', text: '#9d9d9d' },
  highContrast: { mark: '#f38518', quiet: '#8a8a8a', text: '#ffffff' },
  highContrastLight: { mark: '#0f4a85', quiet: '#767676', text: '#292929' },
} satisfies Record<ThemeKind, ChartColors>;

export interface Chart {
  /** An SVG as `data:` address, which is what a hover may show on every platform. */
  readonly uri: string;
  readonly width: number;
  readonly height: number;
}

export type Histogram = WeightStatistics['histogram'];

const barHeight = 34;
const captionHeight = 13;
const usualHeight = barHeight + captionHeight;
const peersWidth = 180;
const histogramWidth = 140;
const gap = 16;
/** More bars than this would be thinner than a pixel. */
const mostBars = 120;

/** One layer's value among its peers' and, where its weights were read, how they are distributed; captions beneath. */
export function layerChart(
  peers: { readonly values: readonly number[]; readonly own: number; readonly caption: string },
  colors: ChartColors,
  histogram?: Histogram,
): Chart {
  const left = [
    bars(near(peers.values, peers.own), { left: 0, width: peersWidth }, colors),
    caption(peers.caption, 0, 'start', colors),
  ];
  if (!histogram) return chart(left, peersWidth);
  const at = peersWidth + gap;
  return chart([...left, ...histogramMarks(histogram, at, colors)], at + histogramWidth);
}

/** How the values of a weight are distributed, with the ends of the range beneath. */
export function histogramChart(histogram: Histogram, colors: ChartColors): Chart {
  return chart(histogramMarks(histogram, 0, colors), histogramWidth);
}

/** Marks as one picture. */
export function chart(marks: readonly string[], width: number, height = usualHeight): Chart {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${marks.join('')}</svg>`;
  return { uri: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`, width, height };
}

function histogramMarks({ from, to, counts }: Histogram, left: number, colors: ChartColors) {
  return [
    bars({ values: counts, marked: undefined }, { left, width: histogramWidth }, colors),
    caption(ending(from), left, 'start', colors),
    caption(ending(to), left + histogramWidth, 'end', colors),
  ];
}

const ending = (value: number) => Number(value.toPrecision(3)).toString();

interface Bars {
  readonly values: readonly number[];
  /** Index of the bar that stands out; every bar is plain without it. */
  readonly marked: number | undefined;
}

/** The peers next to the one that is shown, where there are too many to draw. */
function near(values: readonly number[], own: number): Bars {
  const from = Math.max(0, Math.min(own - mostBars / 2, values.length - mostBars));
  return { values: values.slice(from, from + mostBars), marked: own - from };
}

function bars(
  { values, marked }: Bars,
  { left, width }: { readonly left: number; readonly width: number },
  colors: ChartColors,
): string {
  const most = Math.max(...values, Number.MIN_VALUE);
  const step = width / Math.max(values.length, 1);
  const space = step > 3 ? 1 : 0;
  return values
    .map((value, at) => {
      const tall = value > 0 ? Math.max(1, (value / most) * barHeight) : 0;
      const fill = at === marked || marked === undefined ? colors.mark : colors.quiet;
      const x = round(left + at * step);
      const size = `width="${round(Math.min(step - space, 14))}" height="${round(tall)}"`;
      return `<rect x="${x}" y="${round(barHeight - tall)}" ${size} fill="${fill}"/>`;
    })
    .join('');
}

/** Small words at the foot of a picture that is `height` tall. */
export function caption(
  text: string,
  x: number,
  anchor: 'start' | 'end',
  colors: ChartColors,
  height = usualHeight,
): string {
  const y = height - 3;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-family="sans-serif" font-size="9" fill="${colors.text}">${escapeXml(text)}</text>`;
}

/** Nobody sees more digits than these in a picture. */
export const round = (value: number) => Math.round(value * 100) / 100;

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? '');
}
