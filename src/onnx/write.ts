import type { ByteRange, ByteSource } from '../base/bytes';
import { throwIfAborted } from '../base/cancel';
import { UserError } from '../base/errors';
import { formatBytes } from '../base/format';
import { noProgress, type Progress } from '../base/progress';
import { noExternal, type OpenExternal } from './external';
import type { Model, Tensor } from './model';
import { modelMessage } from './modelMessage';
import { Output, type Encoded, type Piece } from './output';
import { mapTensors, type TensorPlace } from './tensors';
import { tensorRange } from './weights';

/** Takes the bytes of a file one stretch after the other. The caller may reuse the array afterwards. */
export interface ByteSink {
  write(bytes: Uint8Array): void;
}

/** A model ready to be written: what the files will hold, with the weights still where they lie. */
export interface WritePlan {
  readonly model: Encoded;
  /** The file of external data, where there is one. */
  readonly data: Encoded | undefined;
}

export interface WriteOptions {
  /** The name of the file of external data, which lies beside the model. */
  readonly dataName: string;
  /** Opens the external data that the model has now. */
  readonly open?: OpenExternal;
  /** `keep`: weights stay inside the file or outside as they are now. `outside`: all initializers of some size go outside. */
  readonly weights?: 'keep' | 'outside';
  /** Bytes that the model's own file may have; larger ones put their weights outside. */
  readonly limit?: number;
  /** False writes every record anew instead of copying those that nobody edited. */
  readonly verbatim?: boolean;
}

/** Protocol buffers end here: https://protobuf.dev/programming-guides/proto-limits. */
const protobufLimit = 2 ** 31 - 1;
/** Smaller tensors stay inside: shape inference wants to read them, and they cost little. As `onnx.save_model` has it. */
const smallestOutside = 1024;
/** What Windows wants of a mapped file; smaller tensors are not worth the gap. As `onnx.save_model` has it. */
const mapAlignment = 1 << 16;
const mapWorthy = 1 << 20;
/** The widest vector registers. */
const plainAlignment = 64;

/**
 * Plans the files of a model without reading its weights. All external data goes into one file; a model of 2 GiB and more puts
 * its initializers there too. Throws `unsupported` where even that does not make it small enough.
 */
export function planWrite(model: Model, options: WriteOptions): WritePlan {
  const { weights = 'keep', limit = protobufLimit } = options;
  const kept = planWith(model, options, weights);
  if (kept.model.length <= limit) return kept;
  const outside = planWith(model, options, 'outside');
  if (outside.model.length <= limit) return outside;
  throw new UserError(
    'unsupported',
    `The model takes ${formatBytes(outside.model.length)} without its weights; an ONNX file can hold ${formatBytes(limit)}.`,
  );
}

interface CopyOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Leaves out so many bytes at the beginning, which must be whole pieces: they are there already. */
  readonly from?: number;
}

/** The bytes of the pieces that lie whole within the first `length`. */
export function wholePieces({ pieces }: Encoded, length: number): number {
  let whole = 0;
  for (const piece of pieces) {
    if (whole + piece.length > length) break;
    whole += piece.length;
  }
  return whole;
}

/** Writes pieces one block at a time: memory stays small whatever the size. Throws when `signal` is aborted. */
export function writePieces(encoded: Encoded, sink: ByteSink, options: CopyOptions = {}): void {
  const writing = writingPieces(encoded, sink, options);
  while (!writing.next().done);
}

/** `writePieces`, which gives way after every block, so that others may run and an abort may arrive. */
export function* writingPieces(
  encoded: Encoded,
  sink: ByteSink,
  { progress = noProgress, signal, from = 0 }: CopyOptions = {},
): Generator<void, void> {
  let done = 0;
  for (const piece of encoded.pieces) {
    if (done < from) {
      done += piece.length;
      continue;
    }
    for (const block of blocksOf(piece)) {
      throwIfAborted(signal);
      sink.write(block);
      done += block.length;
      progress(done / encoded.length, `${formatBytes(done)} of ${formatBytes(encoded.length)}`);
      yield;
    }
  }
}

const blockSize = 1 << 20;

function* blocksOf(piece: Piece): Generator<Uint8Array> {
  if (piece instanceof Uint8Array) {
    yield piece;
    return;
  }
  for (let at = 0; at < piece.length; at += blockSize) {
    yield piece.source.read(piece.offset + at, Math.min(blockSize, piece.length - at));
  }
}

function planWith(
  model: Model,
  { dataName, open = noExternal, verbatim = true }: WriteOptions,
  weights: 'keep' | 'outside',
): WritePlan {
  const data = new DataFile(dataName);
  const placed = mapTensors(model, (tensor, place) =>
    goesOutside(tensor, place, weights) ? data.place(tensor, tensorRange(tensor, open)) : tensor,
  );
  const output = new Output(verbatim);
  modelMessage.writeBody(output, placed);
  return { model: output.finish(), data: data.finish() };
}

function goesOutside(tensor: Tensor, place: TensorPlace, weights: 'keep' | 'outside'): boolean {
  const { data } = tensor;
  if (data.kind === 'external') return true;
  if (weights === 'keep' || place === 'attribute') return false;
  const length =
    data.kind === 'raw' ? data.range.length : data.kind === 'memory' ? data.bytes.length : 0;
  return length >= smallestOutside;
}

/** The file of external data while it is being laid out. Tensors that lie in the same place share it there too. */
class DataFile {
  private readonly pieces: Piece[] = [];
  private readonly places = new Map<ByteSource, Map<string, number>>();
  private length = 0;

  constructor(private readonly name: string) {}

  place(tensor: Tensor, range: ByteRange): Tensor {
    const offset = this.offsetOf(range);
    const entries = tensor.data.kind === 'external' ? tensor.data.entries : [];
    return {
      ...tensor,
      data: {
        kind: 'external',
        location: this.name,
        offset,
        length: range.length,
        // A checksum is one of the whole file, which is another now.
        entries: entries.filter(([key]) => key !== 'checksum'),
      },
    };
  }

  finish(): Encoded | undefined {
    return this.places.size === 0 ? undefined : { length: this.length, pieces: this.pieces };
  }

  private offsetOf(range: ByteRange): number {
    const key = `${range.offset} ${range.length}`;
    const inSource = this.places.get(range.source) ?? new Map<string, number>();
    this.places.set(range.source, inSource);
    const known = inSource.get(key);
    if (known !== undefined) return known;
    const alignment = range.length >= mapWorthy ? mapAlignment : plainAlignment;
    const gap = (alignment - (this.length % alignment)) % alignment;
    const offset = this.length + gap;
    if (gap > 0) this.pieces.push(new Uint8Array(gap));
    this.pieces.push(range);
    this.length = offset + range.length;
    inSource.set(key, offset);
    return offset;
  }
}
