/** The rows to draw. `offset` is how far the first of them stands from the top of the viewport, in pixels: never positive. */
export interface Window {
  readonly first: number;
  readonly last: number;
  readonly offset: number;
}

/** The rows of one height that a viewport of `height` pixels shows, and `spare` more at each end. `last` is not included. */
export function windowOf(
  scrollTop: number,
  height: number,
  rowHeight: number,
  total: number,
  spare: number,
): Window {
  const top = Math.max(0, Math.min(scrollTop, total * rowHeight - height));
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const last = Math.min(total, Math.ceil((top + height) / rowHeight) + spare);
  return { first, last, offset: first * rowHeight - top };
}

/** Where to scroll so that the row is whole in the viewport; unchanged where it already is. */
export function scrollTo(
  row: number,
  scrollTop: number,
  height: number,
  rowHeight: number,
): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
