/** A table for a terminal: columns padded to their widest cell. */
export interface TextColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
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

/** Lines of a table, the first of them the headings. Nothing stands behind the last cell of a line. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly TextCell[])[],
  quiet: (text: string) => string,
): string[] {
  const all = [columns.map(({ title }): TextCell => ({ text: title, paint: quiet })), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...all.map((row) => displayWidth(row[index]?.text ?? ''))),
  );
  return all.map((row) =>
    columns
      .map(({ align }, index) => {
        const { text, paint = (plain: string) => plain } = row[index] ?? { text: '' };
        const space = ' '.repeat((widths[index] ?? 0) - displayWidth(text));
        return align === 'left' ? paint(text) + space : space + paint(text);
      })
      .join('  ')
      .trimEnd(),
  );
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
