import type { SensitivityViewLine } from '../../src/protocol/sensitivity';
import type { Stretch } from '../widgets/stretch';

/** A column of the map of damage, and where it stands: a narrow empty one goes before every block. */
export interface Place {
  readonly line: SensitivityViewLine;
  /** Among the places, from 1 on; the titles are at 0. */
  readonly at: number;
  /** Of the grid's template. */
  readonly column: number;
  /** In pixels from the first column, where there is no room for more than the least width. */
  readonly left: number;
  readonly startsBlock: boolean;
}

/** Least width of a column, width of what is left free before a block, and the gap of damageMap.css, in pixels. */
const least = 13;
const free = 2;
const gap = 2;

/** The titles are in the first column. */
export function placesOf(
  lines: readonly SensitivityViewLine[],
  inBlocks: boolean,
): readonly Place[] {
  let column = 1;
  let left = -least - gap;
  return lines.map((line, index) => {
    const before = lines[index - 1];
    const startsBlock = inBlocks && before !== undefined && before.block !== line.block;
    column += startsBlock ? 2 : 1;
    left += least + gap + (startsBlock ? free + gap : 0);
    return { line, at: index + 1, column, left, startsBlock };
  });
}

/** The grid's columns. */
export const templateOf = (places: readonly Place[]): string =>
  [
    'max-content',
    ...places.map(({ startsBlock }) => `${startsBlock ? `${free}px ` : ''}minmax(${least}px, 1fr)`),
  ].join(' ');

/** Those that a stretch shows, and the one at `pinned`. Columns that have more room than the least are all on show. */
export const placesIn = (
  places: readonly Place[],
  { from, to }: Stretch,
  pinned: number,
): readonly Place[] =>
  places.filter(({ left, at }) => (left + least >= from && left <= to) || at === pinned);

/** Neighbours of one block, by the columns that they take; `to` is not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly block: number | null;
}

/** Neighbours of one block together; where blocks are not, every layer by itself. */
export function spansOf(places: readonly Place[], inBlocks: boolean): readonly Span[] {
  const spans: Span[] = [];
  for (const { line, column, startsBlock } of places) {
    const last = spans.at(-1);
    if (!last || startsBlock || !inBlocks) {
      spans.push({ from: column, to: column + 1, block: line.block });
    } else spans[spans.length - 1] = { ...last, to: column + 1 };
  }
  return spans;
}
