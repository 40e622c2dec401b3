import { inflateRawSync } from 'node:zlib';
import type { ByteSource } from '../../base/bytes';

/** A file in a ZIP archive. */
export interface ZipEntry {
  readonly name: string;
  /** Its bytes: read piece by piece where the archive stores them as they are, else unpacked once, when they are first asked for. */
  readonly source: ByteSource;
}

/** What deflate can do at best (zlib's own figure), so that a forged size is refused before memory is asked for. */
const bestRatio = 1032;
/** Entries that must be unpacked are refused above so many bytes. */
const mostUnpacked = 2 ** 31 - 1;
/** The end record is the last thing in the file but for a comment of up to 64 KiB. */
const longestTail = 22 + 65535;
/** No archive of arrays has a longer directory. */
const longestDirectory = 64e6;
/** Numbers that begin the format's records (APPNOTE 6.3, section 4.3). */
const marks = {
  ...{ entry: 0x02014b50, local: 0x04034b50, end: 0x06054b50 },
  ...{ locator: 0x07064b50, end64: 0x06064b50 },
} as const;

/** What a ZIP archive holds, archives above 4 GB (ZIP64) included. Throws an `Error` with the reason, and so do reads of the entries. */
export function zipEntries(source: ByteSource): ZipEntry[] {
  const { offset, size, count } = directoryOf(source);
  if (size > longestDirectory || offset + size > source.size) {
    throw new Error('its directory lies outside the file');
  }
  const directory = viewOf(source.read(offset, size));
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count;) {
    if (at + 46 > size || directory.getUint32(at, true) !== marks.entry) {
      throw new Error('its directory is damaged');
    }
    const entry = entryAt(directory, at);
    entries.push({ name: entry.name, source: contentOf(source, entry) });
    at = entry.next;
  }
  return entries;
}

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

function directoryOf(source: ByteSource): Directory {
  const tailStart = Math.max(0, source.size - longestTail);
  const tail = viewOf(source.read(tailStart, source.size - tailStart));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== marks.end) end--;
  if (end < 0) throw new Error('it has no end record');
  const isLarge = end >= 20 && tail.getUint32(end - 20, true) === marks.locator;
  if (isLarge) return largeDirectory(source, wide(tail, end - 20 + 8));
  return {
    count: tail.getUint16(end + 10, true),
    size: tail.getUint32(end + 12, true),
    offset: tail.getUint32(end + 16, true),
  };
}

function largeDirectory(source: ByteSource, at: number): Directory {
  if (at + 56 > source.size) throw new Error('its end record lies outside the file');
  const end = viewOf(source.read(at, 56));
  if (end.getUint32(0, true) !== marks.end64) throw new Error('its end record is damaged');
  return { count: wide(end, 32), size: wide(end, 40), offset: wide(end, 48) };
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  /** Bytes in the archive, and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its own header begins. */
  readonly offset: number;
  /** Where the directory's next entry begins. */
  readonly next: number;
}

function entryAt(directory: DataView, at: number): Entry {
  const nameLength = directory.getUint16(at + 28, true);
  const extraLength = directory.getUint16(at + 30, true);
  const extra = at + 46 + nameLength;
  const next = extra + extraLength + directory.getUint16(at + 32, true);
  if (next > directory.byteLength) throw new Error('its directory is damaged');
  const short = [at + 24, at + 20, at + 42].map((place) => directory.getUint32(place, true));
  const [size = 0, packed = 0, offset = 0] = wideSizes(
    directory,
    extra,
    extra + extraLength,
    short,
  );
  return {
    name: Buffer.from(directory.buffer, directory.byteOffset + at + 46, nameLength).toString(),
    method: directory.getUint16(at + 10, true),
    isEncrypted: (directory.getUint16(at + 8, true) & 1) === 1,
    ...{ packed, size, offset, next },
  };
}

/** Numbers that do not fit into 32 bits stand, in order, in the extra field 1. */
function wideSizes(directory: DataView, from: number, to: number, short: readonly number[]) {
  for (let at = from; at + 4 <= to; at += 4 + directory.getUint16(at + 2, true)) {
    if (directory.getUint16(at, true) !== 1) continue;
    let place = at + 4;
    return short.map((value) => {
      if (value !== 0xffffffff || place + 8 > to) return value;
      place += 8;
      return wide(directory, place - 8);
    });
  }
  return short;
}

function contentOf(source: ByteSource, entry: Entry): ByteSource {
  const { name, method, packed, size, offset } = entry;
  if (entry.isEncrypted) throw new Error(`${name} is encrypted`);
  if (method !== 0 && method !== 8) throw new Error(`${name} is packed in a way of its own`);
  if (packed > source.size || size > packed * (method === 0 ? 1 : bestRatio) + 1024) {
    throw new Error(`the size of ${name} is not possible`);
  }
  let start: number | undefined;
  const begin = () => (start ??= dataStart(source, offset, packed, name));
  const label = `${name} in ${source.name}`;
  if (method === 0) {
    return { name: label, size: packed, read: (at, length) => source.read(begin() + at, length) };
  }
  let unpacked: Uint8Array | undefined;
  const bytes = () => (unpacked ??= unpack(source.read(begin(), packed), size, name));
  return { name: label, size, read: (at, length) => bytes().subarray(at, at + length) };
}

/** The entry's own header repeats its name, and has an extra field of a length of its own. */
function dataStart(source: ByteSource, offset: number, packed: number, name: string): number {
  if (offset + 30 > source.size) throw new Error(`${name} lies outside the file`);
  const header = viewOf(source.read(offset, 30));
  if (header.getUint32(0, true) !== marks.local) throw new Error(`${name} is damaged`);
  const start = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + packed > source.size) throw new Error(`${name} is cut off`);
  return start;
}

function unpack(packed: Uint8Array, size: number, name: string): Uint8Array {
  if (size > mostUnpacked) {
    throw new Error(
      `${name} is compressed and too large to be unpacked; numpy.savez does not compress`,
    );
  }
  const bytes = inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  if (bytes.length !== size) throw new Error(`${name} is cut off`);
  return bytes;
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const wide = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
