/**
 * Draws, and scrolls the page so that the table stays where it is while the reader is at work in it: a step that joins the recipe above
 * would push the rows away under the hand. The browser's own anchoring holds on to what is at the top of the window instead.
 */
export function drawAroundTable(draw: () => void): void {
  const before = tableTop();
  draw();
  const after = before === undefined ? undefined : tableTop();
  if (before !== undefined && after !== undefined && after !== before) {
    window.scrollBy({ top: after - before, behavior: 'instant' });
  }
}

/** Where the table stands in the window; undefined while the keyboard is elsewhere. */
function tableTop(): number | undefined {
  return document.activeElement?.closest('.table')?.getBoundingClientRect().top;
}
