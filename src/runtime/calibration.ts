import type { Model } from '../onnx/model';
import type { Batch } from './datasets/dataset';
import type { Session, SessionOptions } from './runner';

/** The user's data, to run a model on while it is being changed. */
export interface Calibration {
  /** The data's name, for messages. */
  readonly name: string;
  readonly samples: number;
  /** In batches, each cut to its longest sample. May be asked for again. */
  batches(): Iterable<CalibrationBatch>;
  /**
   * Only the samples of these numbers, counted through the batches and in rising order, which is the order that the result's batches have
   * them in. Left out where samples cannot be taken apart.
   */
  pick?(samples: readonly number[]): Calibration;
  /** Loads a model that is in memory, weights computed while they are written included. The caller releases the session. */
  load(model: Model, options?: Partial<SessionOptions>): Promise<Session>;
  /** Places for sessions that run at the same time; left out where there are none. */
  readonly lanes?: CalibrationLanes;
}

export interface CalibrationLanes {
  /** More than so many at once gain nothing, or take too much memory. */
  readonly most: number;
  /** Opens one of `of` lanes that run at once. The caller closes it. */
  open(of: number): CalibrationLane;
}

/** Where sessions run while those of other lanes do. */
export interface CalibrationLane extends Pick<Calibration, 'load'> {
  /** Releases what is still loaded. */
  close(): Promise<void>;
}

export type CalibrationBatch = Batch;

/** One byte for each position of [batch, sequence]: 0 for padding. */
export interface PositionMask {
  readonly batch: number;
  readonly sequence: number;
  readonly real: Uint8Array;
  /** Of the sequence that a decoder is fed beside an encoder, whose length is another. */
  readonly second?: PositionMask;
}

/**
 * Which rows of a tensor stand for something, a row being all that lies along its last axis: those of padded positions do not. Undefined
 * for all, which is also the answer for tensors that are laid out neither [batch, sequence, …], [batch · sequence, …] nor
 * [batch, heads, sequence, …].
 */
export function realRows(
  shape: readonly number[],
  mask: PositionMask | undefined,
): Uint8Array | undefined {
  if (!mask || shape.length < 2) return undefined;
  return ownRows(shape, mask) ?? realRows(shape, mask.second);
}

function ownRows(shape: readonly number[], mask: PositionMask): Uint8Array | undefined {
  const { batch, sequence, real } = mask;
  const isFlat = shape.length === 2 && shape[0] === batch * sequence && sequence > 1;
  if (isFlat) return real;
  if (shape.length < 3 || shape[0] !== batch) return undefined;
  if (shape[1] === sequence) return spread(mask, 1, product(shape.slice(2, -1)));
  if (shape.length < 4 || shape[2] !== sequence) return undefined;
  return spread(mask, shape[1] ?? 1, product(shape.slice(3, -1)));
}

/** Which elements stand for something where positions lie along the last axis alone, [batch, …, sequence]; undefined for all and elsewhere. */
export function realElements(
  shape: readonly number[],
  mask: PositionMask | undefined,
): Uint8Array | undefined {
  if (mask?.second && shape.at(-1) === mask.second.sequence)
    return realElements(shape, mask.second);
  const isLast = shape.length > 2 && shape[0] === mask?.batch && shape.at(-1) === mask?.sequence;
  if (!mask || !isLast || realRows(shape, mask)) return undefined;
  return spread(mask, product(shape.slice(1, -1)), 1);
}

/** The mask of [batch, sequence] for [batch, outer, sequence, inner]. */
function spread({ batch, sequence, real }: PositionMask, outer: number, inner: number): Uint8Array {
  if (outer === 1 && inner === 1) return real;
  return Uint8Array.from({ length: batch * outer * sequence * inner }, (_, at) => {
    const position = Math.floor(at / inner) % sequence;
    return real[Math.floor(at / (inner * sequence * outer)) * sequence + position] ?? 0;
  });
}

const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
