/** An Einsum equation with every axis labelled; the dots become labels `.0`, `.1` …, counted from the right. */
export interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Longer text is no equation that anybody wrote. */
const longest = 1000;

/** Undefined for text that is no equation, or where an input's rank is unknown and has dots. */
export function parseEinsum(
  text: string,
  ranks: readonly (number | undefined)[],
): Equation | undefined {
  if (text.length > longest) return undefined;
  const [left = '', right] = text.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (terms.length !== ranks.length) return undefined;
  const inputs = terms.map((term, i) => labelsOf(term, ranks[i]));
  if (!inputs.every((labels) => labels !== undefined)) return undefined;
  const dots = new Set(inputs.flat().filter((label) => label.startsWith('.')));
  const width = dots.size;
  const output = right === undefined ? implicitOutput(inputs) : labelsOf(right, undefined, width);
  return output && { inputs, output };
}

/** One label an axis. The number of dotted axes comes from the rank, or is given. */
function labelsOf(term: string, rank: number | undefined, dotted?: number): string[] | undefined {
  const parts = term.split('...');
  if (!parts.every((part) => /^[A-Za-z]*$/.test(part)) || parts.length > 2) return undefined;
  const [before = '', after] = parts;
  if (after === undefined)
    return rank === undefined || rank === before.length ? [...before] : undefined;
  const width = dotted ?? (rank === undefined ? -1 : rank - before.length - after.length);
  if (width < 0) return undefined;
  const dots = Array.from({ length: width }, (_, i) => `.${width - 1 - i}`);
  return [...before, ...dots, ...after];
}

/** Without an arrow: the dots, then every label that stands once, in order of the alphabet. */
function implicitOutput(inputs: readonly (readonly string[])[]): string[] {
  const all = inputs.flat();
  const dots = [...new Set(all.filter((label) => label.startsWith('.')))];
  const once = all.filter(
    (label) => !label.startsWith('.') && all.indexOf(label) === all.lastIndexOf(label),
  );
  const byPlace = (label: string) => Number(label.slice(1));
  return [...dots.sort((a, b) => byPlace(b) - byPlace(a)), ...once.sort()];
}
