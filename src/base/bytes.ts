/**
 * Bytes that can be read piece by piece: a file, or memory. The core never opens files itself; whoever starts it passes these in.
 * Reading is synchronous because the engine is a process of its own with nothing else to do meanwhile.
 */
export interface ByteSource {
  /** For messages: the file's path, or a description. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`. Throws a `badFile` error when they are not there. The result must not be written to. */
  read(offset: number, length: number): Uint8Array;
}

/** A stretch of a source, read when somebody asks. */
export interface ByteRange {
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;
}

export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}
