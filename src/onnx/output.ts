import type { ByteRange } from '../base/bytes';
import { encodeText } from './utf8';

/** A stretch of what is to be written: bytes in memory, or bytes to be copied from another file. */
export type Piece = Uint8Array | ByteRange;

/** Bytes that are known, but not necessarily in memory. */
export interface Encoded {
  readonly length: number;
  readonly pieces: readonly Piece[];
}

/** Bytes in memory that are fewer than this are gathered: a piece of its own would cost more. */
const smallestPiece = 4096;

/** Builds protobuf messages as a list of pieces; large stretches of other files are only referred to. */
export class Output {
  private readonly pieces: Piece[] = [];
  private done = 0;
  private buffer = new Uint8Array(64);
  private used = 0;

  constructor(
    /** Whether records that still lie in their file are copied from there. */
    readonly verbatim: boolean,
  ) {}

  get length(): number {
    return this.done + this.used;
  }

  tag(number: number, wire: number): void {
    this.varint(number * 8 + wire);
  }

  /** An unsigned safe integer. */
  varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128);
    this.byte(rest);
  }

  int64(value: bigint): void {
    if (value >= 0n && value <= Number.MAX_SAFE_INTEGER) {
      this.varint(Number(value));
      return;
    }
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 128n; rest >>= 7n) this.byte(Number(rest & 127n) | 128);
    this.byte(Number(rest));
  }

  float(value: number): void {
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value, true);
    this.raw(new Uint8Array(view.buffer));
  }

  text(value: string): void {
    this.bytes(encodeText(value));
  }

  /** Length-delimited bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** Length-delimited bytes that lie elsewhere and are read only when the file is written: they may be computed then. */
  range(value: ByteRange): void {
    this.varint(value.length);
    if (value.length > 0) this.append(value);
  }

  /** Length-delimited bytes that lie in a file, read at once where they are few. */
  copy(value: ByteRange): void {
    this.varint(value.length);
    this.append(
      value.length < smallestPiece ? value.source.read(value.offset, value.length) : value,
    );
  }

  message(body: (inner: Output) => void): void {
    const inner = new Output(this.verbatim);
    body(inner);
    this.varint(inner.length);
    for (const piece of inner.finish().pieces) this.append(piece);
  }

  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.used);
    this.used += value.length;
  }

  /** Nothing may be written afterwards. */
  finish(): Encoded {
    this.flush();
    return { length: this.done, pieces: this.pieces };
  }

  /** The whole of it, for what is small enough to be in memory. Nothing may be written afterwards. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.finish().pieces) {
      bytes.set(
        piece instanceof Uint8Array ? piece : piece.source.read(piece.offset, piece.length),
        at,
      );
      at += piece.length;
    }
    return bytes;
  }

  private append(piece: Piece): void {
    if (piece instanceof Uint8Array && piece.length < smallestPiece) {
      this.raw(piece);
      return;
    }
    this.flush();
    this.pieces.push(piece);
    this.done += piece.length;
  }

  private flush(): void {
    if (this.used === 0) return;
    this.pieces.push(this.buffer.slice(0, this.used));
    this.done += this.used;
    this.used = 0;
  }

  private byte(value: number): void {
    this.reserve(1);
    this.buffer[this.used++] = value;
  }

  private reserve(length: number): void {
    const wanted = this.used + length;
    if (wanted <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
  }
}
