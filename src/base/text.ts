/** Control characters, line separators and the marks that turn the direction of text: none of them may reach a screen from a file. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Most names are made of these alone, and need no closer look. */
const plain = /^[ -~]*$/;

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A name from a file as one line that can be shown: control characters escaped, and the middle left out beyond `limit` characters. */
export function printable(text: string, limit = 200): string {
  const short =
    text.length > limit
      ? `${text.slice(0, Math.ceil(limit / 2))}…${text.slice(text.length - Math.floor(limit / 2) + 1)}`
      : text;
  if (plain.test(short)) return short;
  return short.replace(
    unprintable,
    (character) =>
      shortEscapes[character] ??
      `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
  );
}

/** `encoder.layer.0.query` → `encoder`, `layer.0`, `query`: a number belongs to the word it counts. */
export function pathSegments(name: string): string[] {
  const segments: string[] = [];
  let counted = true;
  for (const word of name.split('.')) {
    if (word === '') continue;
    const isNumber = /^\d+$/.test(word);
    if (isNumber && !counted) segments.push(`${segments.pop() ?? ''}.${word}`);
    else segments.push(word);
    counted = isNumber;
  }
  return segments;
}
