import { formatBytes, formatCount, formatMs } from '../src/base/format';
import { partNames, parts, type Part } from '../src/base/terms';
import type { DashboardState } from '../src/protocol/viewApi';
import { timesSettled } from './state';

type PartFigures = NonNullable<DashboardState['parts']>[Part];
type BlockFigures = NonNullable<DashboardState['blocks']>[number]['byPart'][Part] & object;

interface Metric {
  /** As it stands at the left of a bar. */
  readonly title: string;
  readonly of: (figures: PartFigures) => number | null;
  readonly format: (value: number | null | undefined) => string;
}

/** The bars of "Where it goes", from top to bottom. */
const metrics = {
  parameters: { title: 'parameters', of: (part) => part.parameters, format: formatCount },
  weightBytes: { title: 'weight bytes', of: (part) => part.weightBytes, format: formatBytes },
  macs: { title: 'MACs', of: (part) => part.macs, format: formatCount },
  timeMs: { title: 'time', of: (part) => part.timeMs, format: formatMs },
  peakActivationBytes: {
    title: 'peak activations',
    of: (part) => part.peakActivationBytes,
    format: formatBytes,
  },
} as const satisfies Record<string, Metric>;
export type MetricName = keyof typeof metrics;
const metricNames = Object.keys(metrics) as readonly MetricName[];

/** What can colour the block strip. */
export const blockMetrics = {
  timeMs: { title: 'time', of: (cell) => cell.timeMs, format: formatMs },
  macs: { title: 'MACs', of: (cell) => cell.macs, format: formatCount },
  parameters: { title: 'parameters', of: (cell) => cell.parameters, format: formatCount },
  weightBytes: { title: 'weight bytes', of: (cell) => cell.weightBytes, format: formatBytes },
} as const satisfies Record<
  string,
  { title: string; of: (cell: BlockFigures) => number | null; format: Metric['format'] }
>;
export type BlockMetric = keyof typeof blockMetrics;
export const blockMetricNames = Object.keys(blockMetrics) as readonly BlockMetric[];

/** What of a metric is in no layer. */
export const outside = 'outside';
export const outsideTitle = 'Outside layers';

/** One stretch of a bar. */
export interface Slice {
  readonly part: Part | typeof outside;
  readonly title: string;
  /** Null where it cannot be told: drawn as such, never left out. */
  readonly value: number | null;
  /** Of the known total. */
  readonly share: number | null;
}

/** A bar of 100 %: what every part takes of one metric. */
export interface Bar {
  readonly metric: MetricName;
  readonly title: string;
  readonly slices: readonly Slice[];
  /** Sum of the slices, as far as they are known. */
  readonly total: number;
  /**
   * Time of a run that no node accounts for. It stands beside the bar and not in it, because a share of time means the same everywhere:
   * of the layers' time together.
   */
  readonly beside: number;
  /** Nothing to draw: not measured, or not countable. */
  readonly empty: boolean;
  /** Some part's figure is not known, so the total is a lower bound. */
  readonly partial: boolean;
  readonly format: Metric['format'];
}

/** The five bars; empty ones keep their place, so that nothing moves when a measurement fills them. */
export function barsOf(dashboard: DashboardState): readonly Bar[] {
  return metricNames.map((name) => barOf(dashboard, name));
}

function barOf(dashboard: DashboardState, metric: MetricName): Bar {
  const { title, of, format }: Metric = metrics[metric];
  const { parts: figures } = dashboard;
  const hidden = metric === 'timeMs' && !timesSettled(dashboard);
  const values: Omit<Slice, 'share'>[] =
    !figures || hidden
      ? []
      : partNames
          .map((part) => ({ part, title: parts[part] as string, value: of(figures[part]) }))
          .filter((slice) => slice.value !== 0);
  const known = [...values, ...inputsOf(dashboard, metric)];
  const total = known.reduce((sum, slice) => sum + (slice.value ?? 0), 0);
  const slices = known.map((slice) => ({
    ...slice,
    share: slice.value === null || total === 0 ? null : slice.value / total,
  }));
  const partial = slices.some((slice) => slice.value === null);
  const beside = metric === 'timeMs' && !hidden ? (dashboard.measured?.unattributedMs ?? 0) : 0;
  return { metric, title, slices, total, beside, empty: total === 0, partial, format };
}

/** At the peak of memory, inputs of the model are alive that no layer made. */
function inputsOf({ totals, parts }: DashboardState, metric: MetricName): Omit<Slice, 'share'>[] {
  if (metric !== 'peakActivationBytes' || !parts) return [];
  const inLayers = partNames.map((part) => parts[part].peakActivationBytes);
  const known = inLayers.filter((bytes) => bytes !== null);
  // With an unknown part the rest cannot be told from it.
  if (known.length < inLayers.length) return [];
  const all = totals?.peakActivationBytes ?? 0;
  const value = all - known.reduce((sum, bytes) => sum + bytes, 0);
  return value > 0 ? [{ part: outside, title: outsideTitle, value }] : [];
}

/** The parts that hold anything at all, in the order of the bars. */
export function presentParts(bars: readonly Bar[]): readonly Part[] {
  return partNames.filter((part) =>
    bars.some((bar) => bar.slices.some((slice) => slice.part === part)),
  );
}

/** The metric that colours the blocks when the reader has not chosen one. */
export function standardBlockMetric(dashboard: DashboardState): BlockMetric {
  return timesSettled(dashboard) ? 'timeMs' : 'macs';
}
