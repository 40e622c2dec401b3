import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Place } from './roving';

/** A grid with a mark at every place: rows from 0 to `rows` - 1, places in each from `first` to `last`. */
interface Bounds {
  readonly rows: number;
  readonly first: number;
  readonly last: number;
}

/** The place that an arrow key leads to; undefined for other keys and at the edge. */
function gridTarget(
  key: string,
  { row, at }: Place,
  { rows, first, last }: Bounds,
): Place | undefined {
  const moves: Readonly<Record<string, Place>> = {
    ArrowRight: { row, at: at + 1 },
    ArrowLeft: { row, at: at - 1 },
    ArrowDown: { row: row + 1, at },
    ArrowUp: { row: row - 1, at },
    Home: { row, at: first },
    End: { row, at: last },
  };
  const target = moves[key];
  if (!target || (target.row === row && target.at === at)) return undefined;
  const isInside = target.row >= 0 && target.row < rows && target.at >= first && target.at <= last;
  return isInside ? target : undefined;
}

/** The place of the mark that an event is about. */
export function placeOf({ target }: Event): Place | undefined {
  const mark = target instanceof Element && target.closest<HTMLElement>('[data-at]');
  return mark ? { row: Number(mark.dataset['row']), at: Number(mark.dataset['at']) } : undefined;
}

interface Drawn {
  readonly current: HTMLElement | null;
}

interface GridFocus {
  /** The one tab stop; it has to be drawn wherever it is. */
  readonly active: Place;
  readonly onFocusIn: (event: FocusEvent) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/**
 * One tab stop for a grid that draws only what is on show; arrows move inside it, to what is not drawn yet as well. Marks have `data-row`
 * and `data-at`.
 */
export function useGridFocus(grid: Drawn, bounds: Bounds): GridFocus {
  const [place, setPlace] = useState<Place>({ row: 0, at: 0 });
  const wanted = useRef(false);
  // The mark that was last in focus may be gone since: figures change.
  const active = {
    row: Math.min(place.row, bounds.rows - 1),
    at: Math.max(bounds.first, Math.min(place.at, bounds.last)),
  };
  const markAt = ({ row, at }: Place) =>
    grid.current?.querySelector<HTMLElement>(`[data-row="${row}"][data-at="${at}"]`);
  useLayoutEffect(() => {
    if (wanted.current) markAt(active)?.focus();
    wanted.current = false;
  });
  return {
    active,
    onFocusIn(event) {
      const next = placeOf(event);
      if (next) setPlace((old) => (old.row === next.row && old.at === next.at ? old : next));
    },
    onKeyDown(event) {
      const from = placeOf(event);
      const target = from && gridTarget(event.key, from, bounds);
      if (!target) return;
      event.preventDefault();
      const mark = markAt(target);
      if (mark) mark.focus();
      else {
        wanted.current = true;
        setPlace(target);
      }
    },
  };
}
