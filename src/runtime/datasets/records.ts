import { type ByteSource, memorySource } from '../../base/bytes';
import { UserError } from '../../base/errors';

/** A line of a text file; in CSV, as many lines as its quoted fields go over. */
export interface TextRecord {
  /** Counted from 1, that on which it begins. */
  readonly line: number;
  readonly text: string;
}

/** The lines of a text file that are not empty, read when somebody asks. */
export interface TextRecords {
  readonly count: number;
  /** In the order of `places`. */
  at(places: readonly number[]): readonly TextRecord[];
}

/** The file is looked through in pieces of so many bytes. */
const pieceBytes = 1 << 22;
/** Of so many lines one's place is kept; what lies between is found again by reading on from there. */
const stride = 16;
/** A text or a row is not longer; a quote that is never closed would take the rest of the file. */
const longestRecord = 1 << 24;

const [newline, quote, space] = [10, 34, 32];

/**
 * Finds the lines of a UTF-8 file without holding it. With `quoted`, line breaks between double quotes do not end a record. Throws
 * `badInput` for other encodings, and for a quote that is not closed.
 */
export function textRecords(source: ByteSource, { quoted }: { quoted: boolean }): TextRecords {
  checkEncoding(source);
  const starts: { from: number; line: number }[] = [];
  let count = 0;
  let end = 0;
  eachRecord(source, quoted, (from, to, line) => {
    if (count % stride === 0) starts.push({ from, line });
    count++;
    end = to;
  });
  const block = (index: number): TextRecord[] => {
    const { from = 0, line: first = 1 } = starts[index] ?? {};
    const bytes = source.read(from, (starts[index + 1]?.from ?? end) - from);
    const records: TextRecord[] = [];
    eachRecord(memorySource(source.name, bytes), quoted, (start, to, line) => {
      records.push({ line: first + line - 1, text: textOf(bytes.subarray(start, to)) });
    });
    return records;
  };
  const at = (places: readonly number[]) => {
    const blocks = new Map<number, TextRecord[]>();
    return places.map((place) => {
      const index = Math.floor(place / stride);
      const records = blocks.get(index) ?? block(index);
      blocks.set(index, records);
      return records[place % stride] ?? { line: 0, text: '' };
    });
  };
  return { count, at };
}

function checkEncoding(source: ByteSource): void {
  const [a, b] = source.read(0, Math.min(2, source.size));
  if (!(a === 0xff && b === 0xfe) && !(a === 0xfe && b === 0xff)) return;
  throw new UserError('badInput', `${source.name} is UTF-16; save it as UTF-8.`);
}

/** A byte order mark and the first half of a line break of Windows are not text. */
const textOf = (bytes: Uint8Array) =>
  new TextDecoder()
    .decode(bytes)
    .replace(/\r$/, '')
    .replace(/^\ufeff/, '');

/** Told where each record that is not empty begins and ends; called for millions of lines, so nothing is made for any of them. */
function eachRecord(
  source: ByteSource,
  quoted: boolean,
  found: (from: number, to: number, line: number) => void,
): void {
  let from = 0;
  let line = 1;
  let lines = 0;
  let isQuoted = false;
  let isText = false;
  for (let offset = 0; offset < source.size; offset += pieceBytes) {
    const piece = source.read(offset, Math.min(pieceBytes, source.size - offset));
    const place = (byte: number, at: number) => {
      const next = piece.indexOf(byte, at);
      return next < 0 ? piece.length : next;
    };
    let nextQuote = quoted ? place(quote, 0) : piece.length;
    for (let at = 0; at < piece.length;) {
      const lineEnd = place(newline, at);
      const stop = Math.min(lineEnd, nextQuote);
      isText ||= hasText(piece, at, stop);
      at = stop + 1;
      if (stop === piece.length) break;
      if (stop === nextQuote) {
        isText = true;
        isQuoted = !isQuoted;
        nextQuote = place(quote, at);
        continue;
      }
      lines++;
      if (isQuoted) continue;
      if (isText) found(from, offset + stop, line);
      from = offset + at;
      line = lines + 1;
      isText = false;
    }
    if (offset + piece.length - from > longestRecord) throw unending(source.name, line, isQuoted);
  }
  if (isQuoted) throw unending(source.name, line, isQuoted);
  if (isText) found(from, source.size, line);
}

function hasText(piece: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((piece[at] ?? 0) > space) return true;
  return false;
}

function unending(name: string, line: number, isQuoted: boolean) {
  const what = isQuoted ? 'has a quote that is not closed' : 'is longer than 16 MB';
  return new UserError('badInput', `Line ${line} of ${name} ${what}.`);
}
