import type { TextView } from '../../protocol/types';

/** Beyond these VS Code stops colouring, folding and lensing a document; we stay well below. */
export const textLimits = { lines: 250_000, characters: 16_000_000 } as const;
type Limits = Readonly<Record<keyof typeof textLimits, number>>;

/**
 * The text view of a model, made to fit: where it is too long the nodes' lines are left out, and where the layers alone are too many,
 * the rest. `leftOut` words the line at the end that says so. Places, sections and links are moved along.
 */
export function fitted(
  view: TextView,
  leftOut: (lines: number) => string,
  limits: Limits = textLimits,
): TextView {
  if (fits(view.text, limits)) return view;
  const lines = view.text.split('\n');
  const nodes = new Set(view.nodes.map(({ line }) => line));
  const kept = keep(lines, (line) => !nodes.has(line), limits);
  const { text, ...rest } = moved(view, lines, kept);
  return { ...rest, text: `${text}\n\n${leftOut(lines.length - kept.length)}\n` };
}

function fits(text: string, limits: Limits): boolean {
  if (text.length > limits.characters) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines <= limits.lines;
}

/** Numbers of the lines that stay, in order, within the limits. */
function keep(
  lines: readonly string[],
  wanted: (line: number) => boolean,
  limits: Limits,
): readonly number[] {
  const kept: number[] = [];
  let characters = 0;
  for (const [line, text] of lines.entries()) {
    if (!wanted(line)) continue;
    characters += text.length + 1;
    if (kept.length >= limits.lines || characters > limits.characters) break;
    kept.push(line);
  }
  return kept;
}

function moved(view: TextView, lines: readonly string[], kept: readonly number[]): TextView {
  const at = new Map(kept.map((line, index) => [line, index]));
  /** The last line kept at or above a line: where a section that lost its tail ends. */
  const above = (line: number) => {
    let [low, high] = [0, kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((kept[middle] ?? Infinity) <= line) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  };
  const place = <T extends { line: number }>(item: T): T[] => {
    const line = at.get(item.line);
    return line === undefined ? [] : [{ ...item, line }];
  };
  return {
    text: kept.map((line) => lines[line]).join('\n'),
    sections: view.sections.flatMap((section) =>
      place(section).map((item) => ({ ...item, end: above(section.end) })),
    ),
    nodes: view.nodes.flatMap(place),
    sources: view.sources.flatMap(place),
    values: view.values.flatMap((value) => {
      const places = value.places.flatMap(([line, from, to]): typeof value.places => {
        const next = at.get(line);
        return next === undefined ? [] : [[next, from, to]];
      });
      return places.length > 0 ? [{ ...value, places }] : [];
    }),
  };
}
