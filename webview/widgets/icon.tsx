/** Outlines on a 16 × 16 grid, in the manner of the editor's own icons. */
const outlines = {
  chevronRight: 'M6 3.5 10.5 8 6 12.5',
  chevronDown: 'M3.5 6 8 10.5 12.5 6',
  arrowUp: 'M8 13V3.5M4 7.5l4-4 4 4',
  arrowDown: 'M8 3v9.5M4 8.5l4 4 4-4',
  close: 'm4 4 8 8m0-8-8 8',
} as const;

/** A decorative sign: whatever it stands in has a label of its own. */
export function Icon({ name }: { readonly name: keyof typeof outlines }) {
  return (
    <svg class="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path d={outlines[name]} fill="none" stroke="currentColor" stroke-width="1.2" />
    </svg>
  );
}
