import type { ByteRange, ByteSource } from '../base/bytes';
import { UserError } from '../base/errors';
import { formatExact } from '../base/format';
import { decodeText } from './utf8';

/** How a protobuf field lies in the file: https://protobuf.dev/programming-guides/encoding. */
export const wires = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 };

/** As deep as the official readers go. */
const depthLimit = 100;
/** No name or text in a real model comes near; a forged length must not make us read gigabytes. */
const textLimit = 1 << 28;
/** Longer texts seldom come twice. */
const longestShared = 200;
const firstWindow = 1 << 12;
const largestWindow = 1 << 18;
const nothing = new Uint8Array(0);

/**
 * Reads protobuf fields from a source through a small window, so that weights can be stepped over without reading them. Every
 * length is checked against the message around it before anything is read. What is wrong with the file is thrown as a
 * `badFile` error with its place.
 */
export class WireReader {
  private window: Uint8Array = nothing;
  private windowStart = 0;
  private windowSize = firstWindow;
  private at: number;
  private end: number;
  /** The fields that the messages around here stand in, from outside in. */
  private readonly places: { readonly field: string; readonly index: number }[] = [];

  /** A name stands at the node that makes it and at all that read it; it is kept once. */
  private readonly texts = new Map<string, string>();

  constructor(private readonly source: ByteSource) {
    this.at = 0;
    this.end = source.size;
  }

  /** The source's name, for messages. */
  get name(): string {
    return this.source.name;
  }

  get position(): number {
    return this.at;
  }

  get atEnd(): boolean {
    return this.at >= this.end;
  }

  /** Field number and wire type: `number << 3 | wire`. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag > 0xffffffff) throw this.damage('this is not the start of a field');
    return tag;
  }

  /** An unsigned integer; beyond 2^53 it is no longer exact. */
  varint(): number {
    const available = Math.min(10, this.end - this.at);
    let index = this.need(available);
    const last = index + available;
    let value = 0;
    for (let scale = 1; index < last; scale *= 128) {
      const byte = this.window[index++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.at = this.windowStart + index;
        return value;
      }
    }
    throw this.damage('a number does not end');
  }

  /** A signed 64-bit integer. */
  int64(): bigint {
    const start = this.at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return BigInt(value);
    let exact = 0n;
    for (let i = this.at - start; i-- > 0;) {
      exact = (exact << 7n) | BigInt((this.window[start - this.windowStart + i] ?? 0) & 0x7f);
    }
    return BigInt.asIntN(64, exact);
  }

  float(): number {
    return this.fixed(4).getFloat32(0, true);
  }

  double(): number {
    return this.fixed(8).getFloat64(0, true);
  }

  text(): string {
    const length = this.length();
    if (length > textLimit) throw this.damage(`a text of ${formatExact(length)} bytes`);
    const text = decodeText(this.take(length));
    if (length > longestShared) return text;
    const shared = this.texts.get(text);
    if (shared !== undefined) return shared;
    this.texts.set(text, text);
    return text;
  }

  /** A copy of the bytes of a length-delimited field. */
  bytes(): Uint8Array {
    return new Uint8Array(this.take(this.length()));
  }

  /** Where a length-delimited field lies; steps over it without reading. */
  range(): ByteRange {
    return this.stretch(this.length());
  }

  /** The next `length` bytes as a place in the source; steps over them. */
  stretch(length: number): ByteRange {
    if (length > this.end - this.at) throw this.damage('the file ends in the middle of a field');
    const range = { source: this.source, offset: this.at, length };
    this.at += length;
    return range;
  }

  /** Reads a length-delimited field as a message of its own, in which nothing reaches beyond its end. */
  message<T>(field: string, index: number, body: (range: ByteRange) => T): T {
    const length = this.length();
    this.places.push({ field, index });
    if (this.places.length > depthLimit) {
      throw this.damage(`messages are nested more than ${depthLimit} deep`);
    }
    const outerEnd = this.end;
    this.end = this.at + length;
    const result = body({ source: this.source, offset: this.at, length });
    this.end = outerEnd;
    this.places.pop();
    return result;
  }

  /** Steps over the rest of a field whose tag has been read. */
  skip(tag: number, depth = 0): void {
    const wire = tag & 7;
    if (wire === wires.varint) this.varint();
    else if (wire === wires.fixed64) this.stretch(8);
    else if (wire === wires.fixed32) this.stretch(4);
    else if (wire === wires.bytes) this.range();
    else if (wire === wires.startGroup) this.skipGroup(tag, depth + 1);
    else throw this.damage('this is not the start of a field');
  }

  /** Where the value of a field whose tag has been read lies; steps over it. */
  skipped(tag: number): ByteRange {
    const offset = this.at;
    this.skip(tag);
    return { source: this.source, offset, length: this.at - offset };
  }

  /** The bytes of some stretches of the message, one after the other. */
  copy(runs: readonly { readonly from: number; readonly to: number }[]): Uint8Array {
    const length = runs.reduce((sum, run) => sum + run.to - run.from, 0);
    if (length > textLimit) throw this.damage(`has ${formatExact(length)} bytes of unknown fields`);
    const copy = new Uint8Array(length);
    let at = 0;
    for (const { from, to } of runs) {
      copy.set(this.source.read(from, to - from), at);
      at += to - from;
    }
    return copy;
  }

  damage(reason: string): UserError {
    const places = this.places.slice(0, 12).map(({ field, index }) => `${field} ${index}`);
    const place = places.length > 0 ? ` (${places.join(' › ')})` : '';
    return new UserError(
      'badFile',
      `${this.source.name} is not a readable ONNX model: at byte ${formatExact(this.at)}${place} ${reason}.`,
      'The file may be cut off or damaged: download or export it again.',
    );
  }

  private skipGroup(tag: number, depth: number): void {
    if (depth > depthLimit) throw this.damage('groups are nested too deep');
    const close = tag + 1;
    for (let next = this.tag(); next !== close; next = this.tag()) this.skip(next, depth);
  }

  private length(): number {
    const length = this.varint();
    const left = this.end - this.at;
    if (length > left) {
      throw this.damage(
        `a field says that it is ${formatExact(length)} bytes long where ${formatExact(left)} are left`,
      );
    }
    return length;
  }

  private fixed(length: number): DataView {
    const bytes = this.take(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  private take(length: number): Uint8Array {
    const start = this.need(length);
    this.at += length;
    return this.window.subarray(start, start + length);
  }

  /** Makes the next `length` bytes lie in the window and returns the index of the first. */
  private need(length: number): number {
    if (this.at + length > this.end) throw this.damage('the file ends in the middle of a field');
    const index = this.at - this.windowStart;
    if (index >= 0 && index + length <= this.window.length) return index;
    // Reading on in sequence deserves a larger window; a jump over weights starts with a small one again.
    const sequential = index >= 0 && index <= this.window.length;
    this.windowSize = sequential ? Math.min(this.windowSize * 2, largestWindow) : firstWindow;
    const size = Math.min(Math.max(length, this.windowSize), this.source.size - this.at);
    this.window = this.source.read(this.at, size);
    this.windowStart = this.at;
    return 0;
  }
}
