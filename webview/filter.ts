/**
 * The filter is the reader's own text. Clicks on charts edit it instead of keeping a second, hidden filter, so what the table shows is
 * always what the box says. Terms are separated by blanks; a quoted value may hold blanks.
 */
const terms = (filter: string): string[] => filter.match(/[^\s"]*"[^"]*"?|\S+/g) ?? [];

const isTerm = (term: string, key: string) =>
  term.toLowerCase().startsWith(`${key.toLowerCase()}:`);

/** The value of `key:value` in the filter, or undefined. */
export function termOf(filter: string, key: string): string | undefined {
  const term = terms(filter).find((text) => isTerm(text, key));
  return term?.slice(key.length + 1).replaceAll('"', '');
}

/** The filter with `key:value` in the place of any other value of that key; without the key where `value` is undefined. */
export function withTerm(filter: string, key: string, value: string | undefined): string {
  const others = terms(filter).filter((text) => !isTerm(text, key));
  return (value === undefined ? others : [...others, `${key}:${value}`]).join(' ');
}

/** Sets every term, or clears them all where exactly these already stand: a second click takes the first one back. */
export function toggleTerms(filter: string, wanted: Readonly<Record<string, string>>): string {
  const entries = Object.entries(wanted);
  const same = (value: string | undefined, other: string) =>
    value?.toLowerCase() === other.toLowerCase();
  const already = entries.every(([key, value]) => same(termOf(filter, key), value));
  return entries.reduce(
    (text, [key, value]) => withTerm(text, key, already ? undefined : value),
    filter,
  );
}
