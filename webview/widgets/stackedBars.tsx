import { scaleLinear } from 'd3-scale';
import { formatShare } from '../../src/base/format';
import { useRoving } from './roving';
import './stackedBars.css';

/** A stretch of a bar. `share` is null where the figure is not known: it gets a narrow place of its own. */
export interface Segment {
  readonly id: string;
  /** A class that sets `--part`. */
  readonly colour: string;
  readonly share: number | null;
  /** Read out, and shown when the pointer rests on it; lines separated by line breaks. */
  readonly tip: string;
  readonly pressable: boolean;
}

export interface StackedBar {
  readonly id: string;
  readonly title: string;
  readonly segments: readonly Segment[];
  readonly total: string;
  readonly totalTip?: string;
  /** The bar in one sentence. */
  readonly summary: string;
}

interface Props {
  readonly bars: readonly StackedBar[];
  /** Stands in the place of bars without segments. */
  readonly empty: (id: string) => preact.ComponentChildren;
  /** The segment that everything else steps back behind. */
  readonly chosen: string | undefined;
  readonly onPress: (segment: string) => void;
}

/** Bars of 100 % under one another. One tab stop: arrows move between segments and bars. */
export function StackedBars({ bars, empty, chosen, onPress }: Props) {
  const laid = bars.map((bar) => ({ bar, marks: layOut(bar.segments) }));
  const mark = useRoving(
    laid.flatMap(({ marks }, row) => marks.map(({ middle }) => ({ row, at: middle }))),
  );
  return (
    <div class="bars" data-roving>
      {laid.map(({ bar, marks }, row) => (
        <div class="bar" key={bar.id} role="group" aria-label={bar.summary}>
          <div class="bar-title">{bar.title}</div>
          <div class="bar-track">
            {marks.length === 0 && <div class="bar-empty">{empty(bar.id)}</div>}
            {marks.map(({ segment, width, middle }) => (
              <button
                key={segment.id}
                type="button"
                class={`segment ${segment.colour} ${segment.share === null ? 'unknown' : ''}`}
                style={{ flexBasis: segment.share === null ? '18px' : `${width}%` }}
                data-tip={segment.tip}
                data-faded={chosen !== undefined && chosen !== segment.id}
                aria-label={segment.tip.replaceAll('\n', ', ')}
                aria-pressed={segment.pressable ? chosen === segment.id : undefined}
                aria-disabled={!segment.pressable}
                onClick={() => segment.pressable && onPress(segment.id)}
                {...mark({ row, at: middle })}
              >
                <span class="segment-label" aria-hidden="true">
                  {segment.share === null ? '?' : formatShare(segment.share)}
                </span>
              </button>
            ))}
          </div>
          <div class="bar-total" data-tip={bar.totalTip}>
            {bar.total}
          </div>
        </div>
      ))}
    </div>
  );
}

/** Widths in per cent, and where each segment's middle is, so that arrows up and down stay in the column. */
function layOut(segments: readonly Segment[]) {
  const scale = scaleLinear([0, 1], [0, 100]);
  let from = 0;
  return segments.map((segment) => {
    const share = segment.share ?? 0;
    const middle = scale(from + share / 2);
    from += share;
    return { segment, width: scale(share), middle };
  });
}
