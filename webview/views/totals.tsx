import { formatBytes, formatCount, formatExact, formatMs } from '../../src/base/format';
import type { Measured, Spread } from '../../src/protocol/types';
import { isSynthetic } from '../state';
import { measuredFacts } from './facts';
import type { ViewProps } from './props';
import './totals.css';

interface Total {
  readonly figure: string;
  readonly label: string;
  readonly note?: string;
  readonly tip: string;
}

/** The five figures that sum the model up. Those not known keep their place. */
export function Totals({ dashboard }: ViewProps) {
  return (
    <section class="totals" aria-label="Totals">
      <div class="totals-grid">
        {totalsOf(dashboard).map(({ figure, label, note, tip }, index) => (
          <div class="total" key={index} data-tip={tip}>
            <div class="total-figure">{figure}</div>
            <div class="total-label">{label}</div>
            <div class="total-note">{note ?? '\u00a0'}</div>
          </div>
        ))}
      </div>
    </section>
  );
}

function totalsOf(dashboard: ViewProps['dashboard']): readonly Total[] {
  const { totals, measured } = dashboard;
  const sizes = (dashboard.dimensions ?? []).map(
    ({ size, symbol, role }) => `${role === 'other' ? symbol : role} ${size}`,
  );
  return [
    {
      figure: formatCount(totals?.parameters),
      label: 'parameters',
      tip: `${formatExact(totals?.parameters)} learnt weights, counted; shared ones once`,
    },
    {
      figure: formatBytes(totals?.weightBytes),
      label: 'weights',
      note: 'as stored',
      tip: `${formatExact(totals?.weightBytes)} bytes of weights as stored`,
    },
    {
      figure: formatCount(totals?.macs),
      label: 'multiply-adds',
      note: totals?.macs === null ? 'not countable' : sizes.join(', '),
      tip: `${formatExact(totals?.macs)} multiply-adds, counted${sizes.length > 0 ? ` at ${sizes.join(', ')}` : ''}`,
    },
    latencyTotal(dashboard, measured),
    {
      figure: formatBytes(measured?.peakMemoryBytes),
      label: 'peak memory',
      note: measured ? 'whole process, measured' : 'not measured',
      tip: measured
        ? `${formatExact(measured.peakMemoryBytes)} bytes: the most that the process held while it ran the model`
        : 'Profile the model to measure it',
    },
  ];
}

function latencyTotal(dashboard: ViewProps['dashboard'], measured: Measured | undefined): Total {
  if (!measured) {
    return {
      figure: formatMs(undefined),
      label: 'latency',
      note: 'not measured',
      tip: 'Profile the model to measure it',
    };
  }
  const { latencyMs, loadMs } = measured;
  return {
    figure: formatMs(latencyMs.median),
    label: `latency ±${halfSpread(latencyMs)}`,
    note: isSynthetic(dashboard)
      ? `${measured.runs} runs, synthetic inputs`
      : `${measured.runs} runs`,
    tip: `${spreadText(latencyMs)}\n${measuredFacts(measured)}\nLoading the model took ${formatMs(loadMs)}`,
  };
}

/** Half of what four of five runs span, with the median's own decimals. */
function halfSpread({ median, p10, p90 }: Spread): string {
  const half = (p90 - p10) / 2;
  const decimals = median < 10 ? 2 : median < 100 ? 1 : 0;
  return median < 0.1 || median >= 10_000 ? formatMs(half) : half.toFixed(decimals);
}

const spreadText = ({ median, p10, p90 }: Spread) =>
  `Median ${formatMs(median)}; four of five runs between ${formatMs(p10)} and ${formatMs(p90)}`;
