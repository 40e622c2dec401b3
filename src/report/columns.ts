/** A table for a terminal: columns padded to their widest cell. */
export interface TextColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Where there is no room the columns of the highest number go first; those without one stay. */
  readonly drop?: number;
}

/** A cell's text and how it is painted, kept apart so that colour codes do not count as width. */
export interface TextCell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that a text takes on a screen: East Asian characters and pictures take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += wide.test(character) ? 2 : 1;
  return width;
}

/** How a table is fitted to a screen. */
export interface TextTableOptions {
  readonly width: number;
  /** Paints the headings. */
  readonly quiet: (text: string) => string;
}

/** A first column of names is not made narrower than this. */
const leastName = 24;

/**
 * Lines of a table, the first of them the headings. What is too wide loses single cells at its end, the columns that can go, then the
 * beginnings of the names in the first column. Nothing stands behind the last cell of a line.
 */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly TextCell[])[],
  { width, quiet }: TextTableOptions,
): string[] {
  const headings = columns.map(({ title }): TextCell => ({ text: title, paint: quiet }));
  const all = withShortEnds([headings, ...rows], columns, width);
  const widths = columns.map((_, index) =>
    Math.max(...all.map((row) => displayWidth(row[index]?.text ?? ''))),
  );
  const total = (shown: readonly number[]) =>
    shown.reduce((sum, index) => sum + (widths[index] ?? 0) + 2, -2);
  const least = [Math.min(widths[0] ?? 0, leastName), ...widths.slice(1)];
  let shown = columns.map((_, index) => index);
  const tooWide = () => total(shown) - (widths[0] ?? 0) + (least[0] ?? 0) > width;
  while (tooWide()) {
    const next = Math.max(...shown.map((index) => columns[index]?.drop ?? 0));
    if (next === 0) break;
    shown = shown.filter((index) => columns[index]?.drop !== next);
  }
  const nameWidth = Math.max(least[0] ?? 0, (widths[0] ?? 0) - Math.max(0, total(shown) - width));
  const fitted = all.map((row) =>
    shown.map((index): TextCell => {
      const cell = row[index] ?? { text: '' };
      return index === 0 ? { ...cell, text: withoutBeginning(cell.text, nameWidth) } : cell;
    }),
  );
  return aligned(
    shown.map((index) => columns[index]?.align ?? 'left'),
    fitted,
  );
}

/**
 * The rows without those cells of a last column that can go which do not fit, where most of its cells do: one long note is no reason to lose
 * all others.
 */
function withShortEnds(
  rows: readonly (readonly TextCell[])[],
  columns: readonly TextColumn[],
  width: number,
): readonly (readonly TextCell[])[] {
  const last = columns.length - 1;
  if (columns[last]?.drop === undefined) return rows;
  const stays = columns.flatMap(({ drop }, index) => (drop === undefined ? [index] : []));
  const widest = (index: number) =>
    Math.max(...rows.map((row) => displayWidth(row[index]?.text ?? '')));
  const room = width - stays.reduce((sum, index) => sum + widest(index) + 2, 0);
  const ends = rows.flatMap((row) => (row[last]?.text ? [displayWidth(row[last].text)] : []));
  const fitting = ends.filter((end) => end <= room).length;
  if (fitting === ends.length || 2 * fitting < ends.length) return rows;
  const isLong = (cell: TextCell, index: number) =>
    index === last && displayWidth(cell.text) > room;
  return rows.map((row) =>
    row.map((cell, index) => (isLong(cell, index) ? { ...cell, text: '' } : cell)),
  );
}

function aligned(
  aligns: readonly TextColumn['align'][],
  all: readonly (readonly TextCell[])[],
): string[] {
  const widths = aligns.map((_, index) =>
    Math.max(...all.map((row) => displayWidth(row[index]?.text ?? ''))),
  );
  return all.map((row) =>
    aligns
      .map((align, index) => {
        const { text, paint = (plain: string) => plain } = row[index] ?? { text: '' };
        const space = ' '.repeat((widths[index] ?? 0) - displayWidth(text));
        return align === 'left' ? paint(text) + space : space + paint(text);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Paths are told apart by their ends: what is too long loses its beginning. */
function withoutBeginning(name: string, width: number): string {
  if (displayWidth(name) <= width) return name;
  let kept = '';
  for (const character of [...name].reverse()) {
    if (displayWidth(character + kept) > width - 1) break;
    kept = character + kept;
  }
  return `…${kept}`;
}

/** A bar of up to `width` characters in steps of an eighth; anything above nothing shows. */
export function textBar(share: number, width: number): string {
  const eighths = Math.min(width * 8, Math.max(share > 0 ? 1 : 0, Math.round(share * width * 8)));
  return (
    '█'.repeat(Math.floor(eighths / 8)) +
    (['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '')
  );
}

/** Breaks a text between words so that no line is longer than `width`, where words allow. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
