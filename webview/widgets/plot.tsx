import type { ComponentChildren } from 'preact';
import type { Axis } from '../axis';
import './plot.css';

interface Props {
  /** Read out in the place of the picture where nothing in it can be reached. */
  readonly label?: string;
  readonly y: Axis;
  readonly x?: Axis | undefined;
  /** Names of the axes. */
  readonly yTitle: string;
  readonly xTitle?: string;
  /** Ticks that are words and no figures. */
  readonly below?: ComponentChildren;
  readonly class?: string;
  /** What stands in the area: lines, points, labels. */
  readonly children: ComponentChildren;
}

/** The frame of a chart: gridlines, ticks and titles. Marks are placed in it by `placeAt`, in shares of its sides. */
export function Plot({ label, y, x, yTitle, xTitle, below, children, class: name = '' }: Props) {
  return (
    <div class={`plot ${name}`} {...(label ? { role: 'img', 'aria-label': label } : {})}>
      <span class="plot-title">{yTitle}</span>
      <div class="plot-y" aria-hidden="true">
        {y.ticks.map((tick) => (
          <span key={tick.label} style={{ bottom: `${tick.at * 100}%` }}>
            {tick.label}
          </span>
        ))}
      </div>
      <div class="plot-area">
        {y.ticks.map((tick) => (
          <i class="plot-line" key={tick.label} style={{ bottom: `${tick.at * 100}%` }} />
        ))}
        {children}
      </div>
      {x && (
        <div class="plot-x" aria-hidden="true">
          {x.ticks.map((tick) => (
            <span key={tick.label} style={{ left: `${tick.at * 100}%` }}>
              {tick.label}
            </span>
          ))}
        </div>
      )}
      {below}
      {xTitle && <span class="plot-title plot-x-title">{xTitle}</span>}
    </div>
  );
}

/** The style of something that stands at this place of a plot's area. */
export const placeAt = (x: number, y: number) => ({
  left: `${x * 100}%`,
  bottom: `${y * 100}%`,
});

interface LineProps {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly class?: string;
}

/** Straight lines from point to point, all of one thickness however the area is stretched. */
export function Lines({ lines }: { readonly lines: readonly LineProps[] }) {
  return (
    <svg class="plot-lines" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      {lines.map(({ points, class: name }, index) => (
        <polyline
          key={index}
          class={name}
          points={points.map(([x, y]) => `${x},${1 - y}`).join(' ')}
        />
      ))}
    </svg>
  );
}
