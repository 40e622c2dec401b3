const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

/**
 * UTF-8 as a string and back without loss: a byte that is not UTF-8 becomes a lone surrogate U+DC80…U+DCFF (as Python's
 * `surrogateescape` does), so that two broken names never fall together and a broken name is written back as it was.
 */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length <= 32) {
    const short = decodeAscii(bytes);
    if (short !== undefined) return short;
  }
  try {
    return decoder.decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

export function encodeText(text: string): Uint8Array {
  if (!/\p{Cs}/u.test(text)) return encoder.encode(text);
  const parts = [...text].flatMap((character) => {
    const code = character.charCodeAt(0);
    return character.length === 1 && code >= 0xdc80 && code <= 0xdcff
      ? [code & 0xff]
      : [...encoder.encode(character)];
  });
  return Uint8Array.from(parts);
}

/** Most names are short and plain, for which a call into TextDecoder costs more than the decoding. */
function decodeAscii(bytes: Uint8Array): string | undefined {
  for (const byte of bytes) if (byte >= 0x80) return undefined;
  // One call makes a flat string; adding up characters would make a chain of strings.
  return String.fromCharCode(...bytes);
}

function decodeBroken(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    text +=
      length > 0
        ? decoder.decode(bytes.subarray(at, at + length))
        : String.fromCharCode(0xdc00 | (bytes[at] ?? 0));
    at += Math.max(1, length);
  }
  return text;
}

/** Length of the valid sequence that starts at `at`; 0 where none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    decoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
