import { useState } from 'preact/hooks';

/** Where a mark stands in a chart: its row, and its place in the row in any unit that grows to the right. */
export interface Place {
  readonly row: number;
  readonly at: number;
}

/** The place that an arrow key leads to; undefined for other keys and at the edge. `places` are those that can be reached. */
export function arrowTarget(key: string, from: Place, places: readonly Place[]): Place | undefined {
  const inRow = (row: number) =>
    places.filter((place) => place.row === row).sort((a, b) => a.at - b.at);
  const row = inRow(from.row);
  const nearest = (candidates: readonly Place[]) =>
    candidates.reduce<Place | undefined>(
      (best, place) =>
        best && Math.abs(best.at - from.at) <= Math.abs(place.at - from.at) ? best : place,
      undefined,
    );
  const rows = [...new Set(places.map((place) => place.row))].sort((a, b) => a - b);
  switch (key) {
    case 'ArrowRight':
      return row.find((place) => place.at > from.at);
    case 'ArrowLeft':
      return row.filter((place) => place.at < from.at).at(-1);
    case 'Home':
      return row[0];
    case 'End':
      return row.at(-1);
    case 'ArrowDown':
      return nearest(inRow(rows.find((other) => other > from.row) ?? -1));
    case 'ArrowUp':
      return nearest(inRow(rows.filter((other) => other < from.row).at(-1) ?? -1));
    default:
      return undefined;
  }
}

interface MarkProps {
  readonly tabIndex: number;
  readonly 'data-row': number;
  readonly 'data-at': number;
  readonly onFocus: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/**
 * One tab stop for a chart of many marks; arrows move inside it. The chart's element carries `data-roving`; every mark takes the props
 * that the returned function makes for its place.
 */
export function useRoving(places: readonly Place[]): (place: Place) => MarkProps {
  const [active, setActive] = useState<Place | undefined>(undefined);
  const isActive = (place: Place) => place.row === active?.row && place.at === active.at;
  // The mark that was last in focus may be gone since: figures change.
  const current = places.find(isActive) ?? places[0];
  return (place) => ({
    tabIndex: place.row === current?.row && place.at === current.at ? 0 : -1,
    'data-row': place.row,
    'data-at': place.at,
    onFocus: () => setActive(place),
    onKeyDown(event) {
      const marks = marksAround(event.currentTarget as HTMLElement);
      const target = arrowTarget(event.key, place, [...marks.keys()]);
      if (!target) return;
      event.preventDefault();
      marks.get(target)?.focus();
    },
  });
}

function marksAround(mark: HTMLElement): ReadonlyMap<Place, HTMLElement> {
  const chart = mark.closest('[data-roving]');
  const marks = chart?.querySelectorAll<HTMLElement>('[data-at]') ?? [];
  return new Map(
    [...marks].map((element) => [
      { row: Number(element.dataset['row']), at: Number(element.dataset['at']) },
      element,
    ]),
  );
}
