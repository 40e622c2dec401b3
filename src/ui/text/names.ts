import type { TextView } from '../../protocol/types';

export type NamedValue = TextView['values'][number];
type Place = NamedValue['places'][number];

/** Finds the value or weight that is written at a place of a text view. */
class NameIndex {
  private readonly byLine = new Map<number, { place: Place; value: NamedValue }[]>();

  constructor(view: TextView) {
    for (const value of view.values) {
      for (const place of value.places) {
        const [line] = place;
        const before = this.byLine.get(line);
        if (before) before.push({ place, value });
        else this.byLine.set(line, [{ place, value }]);
      }
    }
  }

  /** The value at a position, and the place it was found at. */
  at(line: number, character: number): { place: Place; value: NamedValue } | undefined {
    return this.byLine
      .get(line)
      ?.find(({ place: [, from, to] }) => from <= character && character <= to);
  }
}

const indexes = new WeakMap<TextView, NameIndex>();

/** The index of a view, made when first asked for. */
export function nameIndexOf(view: TextView): NameIndex {
  const index = indexes.get(view) ?? new NameIndex(view);
  indexes.set(view, index);
  return index;
}
