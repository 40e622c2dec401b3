import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatBytes, formatFactor, formatShare, formatSmall } from '../../src/base/format';
import { printable } from '../../src/base/text';
import type { CandidateView } from '../../src/protocol/sensitivity';
import { linearAxis, logAxis, tickText, type Axis } from '../axis';
import { exact, inputsText } from '../damage';
import { labelSides } from '../labels';
import { frontier, placed, type Placed } from '../pareto';
import { Lines, placeAt, Plot } from '../widgets/plot';
import { useRoving } from '../widgets/roving';

interface Props {
  readonly candidates: readonly CandidateView[];
  readonly bySpeed: boolean;
  readonly linear: boolean;
}

/** Letters of a name beside its point; the whole of it stands in the tip. */
const longest = 28;
const letterWidth = 6.4;

/** Size or speed against damage, with the line of those that nothing beats. One tab stop: arrows go from point to point. */
export function CandidateChart({ candidates, bySpeed, linear }: Props) {
  const points = placed(candidates, bySpeed);
  const metric = candidates[0]?.metric ?? '';
  const y = (linear ? linearAxis : logAxis)(
    points.map(({ damage }) => damage),
    tickText,
  );
  const figures = points.map(({ x }) => x);
  const x = linearAxis(figures, bySpeed ? formatFactor : formatBytes);
  const best = frontier(points, bySpeed);
  const mark = useRoving(points.map((_, at) => ({ row: 0, at })));
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const names = points.map(({ candidate }) => printable(candidate.name, longest));
  const sides = labelSides(
    points.map((point, at) => ({
      x: x.at(point.x) * size.width,
      y: y.at(point.damage) * size.height,
      width: (names[at]?.length ?? 0) * letterWidth,
    })),
    size,
    stairs(best, x, y).map(([left, bottom]) => [left * size.width, bottom * size.height]),
  );
  return (
    <div
      data-roving
      role="group"
      aria-label={`Candidates: ${bySpeed ? 'speed' : 'size'} against ${metric}`}
    >
      <Plot
        class="candidate-chart"
        y={y}
        x={x}
        yTitle={`${metric}, less is better`}
        xTitle={bySpeed ? 'times as fast, more is better' : 'size, less is better'}
      >
        <div class="candidate-area" ref={area} />
        <Lines lines={[{ class: 'frontier', points: stairs(best, x, y) }]} />
        {points.map((point, at) => (
          <span
            key={point.candidate.file}
            class="candidate"
            role="img"
            style={placeAt(x.at(point.x), y.at(point.damage))}
            data-original={point.candidate.isOriginal}
            data-odd={point.isOdd}
            data-best={best.includes(point)}
            data-tip={tipOf(point)}
            aria-label={[
              ...tipOf(point).split('\n'),
              ...(best.includes(point) ? ['on the line'] : []),
            ].join(', ')}
            {...mark({ row: 0, at })}
          >
            <span class="candidate-name" data-side={sides[at]} aria-hidden="true">
              {names[at]}
            </span>
          </span>
        ))}
      </Plot>
    </div>
  );
}

/** From one of the best to the next: what lies between them would be no better than the one before. */
function stairs(best: readonly Placed[], x: Axis, y: Axis): readonly (readonly [number, number])[] {
  return best.flatMap((point, at) => {
    const own = [x.at(point.x), y.at(point.damage)] as const;
    const next = best[at + 1];
    return next ? [own, [own[0], y.at(next.damage)] as const] : [own];
  });
}

function tipOf({ candidate, isOdd }: Placed): string {
  const { name, isOriginal, bytes, speed, damage, interval, accuracy, metric } = candidate;
  return [
    `${printable(name, 80)}${isOriginal ? ', the original' : ''}`,
    `${formatBytes(bytes)}, ${formatFactor(speed)} as fast`,
    !isOriginal && `${metric} ${damage === null ? '–' : exact(damage)}`,
    interval && `95 % interval ${formatSmall(interval.low)} to ${formatSmall(interval.high)}`,
    accuracy !== null && `accuracy ${formatShare(accuracy)}`,
    !isOriginal && inputsText(candidate),
    isOdd && 'other data than most: its damage does not compare',
  ]
    .filter((line) => typeof line === 'string')
    .join('\n');
}

/** Of the area in pixels, kept when the window changes. */
function useSize(area: { readonly current: HTMLElement | null }) {
  const [size, setSize] = useState({ width: 800, height: 200 });
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const measure = () =>
      setSize((old) => {
        const { clientWidth: width, clientHeight: height } = element;
        return old.width === width && old.height === height ? old : { width, height };
      });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}
