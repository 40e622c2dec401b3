/**
 * A name from a file, made fit for a message: in single quotes, control characters and line breaks shown as escapes, and cut
 * after `limit` characters.
 */
export function quoted(name: string, limit = 80): string {
  const cut = name.length > limit ? `${name.slice(0, limit - 1)}…` : name;
  // Direction marks could make a message read backwards.
  const plain = cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, escaped);
  return `'${plain}'`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
