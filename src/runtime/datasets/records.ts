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

interface Found {
  readonly from: number;
  readonly to: number;
  readonly line: number;
}

/**
 * Finds the lines of a UTF-8 file without holding it. With `quoted`, line breaks between double quotes do not end a record. Throws
 * `badInput` for other encodings, and for a quote that is not closed.
 */
export function textRecords(source: ByteSource, { quoted }: { quoted: boolean }): TextRecords {
  checkEncoding(source);
  const starts: { from: number; line: number }[] = [];
  let count = 0;
  let end = 0;
  for (const { from, to, line } of recordsIn(source, quoted)) {
    if (count % stride === 0) starts.push({ from, line });
    count++;
    end = to;
  }
  const block = (index: number): TextRecord[] => {
    const { from = 0, line: first = 1 } = starts[index] ?? {};
    const bytes = source.read(from, (starts[index + 1]?.from ?? end) - from);
    return [...recordsIn(memorySource(source.name, bytes), quoted)].map((found) => ({
      line: first + found.line - 1,
      text: textOf(bytes.subarray(found.from, found.to)),
    }));
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

/** Where each record that is not empty begins and ends. */
function* recordsIn(source: ByteSource, quoted: boolean): Generator<Found> {
  const state = { from: 0, line: 1, lines: 0, isQuoted: false, hasText: false };
  const tooLong = (to: number) => to - state.from > longestRecord;
  for (let offset = 0; offset < source.size; offset += pieceBytes) {
    const piece = source.read(offset, Math.min(pieceBytes, source.size - offset));
    for (let at = 0; at < piece.length;) {
      const stop = nextStop(piece, at, quoted);
      state.hasText ||= hasText(piece, at, stop);
      const byte = piece[stop];
      at = stop + 1;
      if (byte === quote) state.isQuoted = !state.isQuoted;
      if (byte !== newline) continue;
      state.lines++;
      if (state.isQuoted) continue;
      if (state.hasText) yield { from: state.from, to: offset + stop, line: state.line };
      Object.assign(state, { from: offset + at, line: state.lines + 1, hasText: false });
    }
    if (tooLong(offset + piece.length)) throw unending(source.name, state);
  }
  if (state.isQuoted) throw unending(source.name, state);
  if (state.hasText) yield { from: state.from, to: source.size, line: state.line };
}

/** Of the next line break or quote; the piece's length where there is none. */
function nextStop(piece: Uint8Array, from: number, quoted: boolean): number {
  const lineEnd = piece.indexOf(newline, from);
  const stop = lineEnd < 0 ? piece.length : lineEnd;
  if (!quoted) return stop;
  const at = piece.subarray(from, stop).indexOf(quote);
  return at < 0 ? stop : from + at;
}

function hasText(piece: Uint8Array, from: number, to: number): boolean {
  if (piece[to] === quote) return true;
  for (let at = from; at < to; at++) if ((piece[at] ?? 0) > space) return true;
  return false;
}

function unending(name: string, { line, isQuoted }: { line: number; isQuoted: boolean }) {
  const what = isQuoted ? 'has a quote that is not closed' : 'is longer than 16 MB';
  return new UserError('badInput', `Line ${line} of ${name} ${what}.`);
}
