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
}

/**
 * Which rows of a tensor stand for something, a row being all that lies along its last axis: those of padded positions do not. Undefined
 * for all, which is also the answer for tensors that are not laid out [batch, sequence, …] or [batch · sequence, …].
 */
export function realRows(
  shape: readonly number[],
  mask: PositionMask | undefined,
): Uint8Array | undefined {
  if (!mask || shape.length < 2) return undefined;
  const { batch, sequence, real } = mask;
  const isFlat = shape.length === 2 && shape[0] === batch * sequence && sequence > 1;
  if (isFlat) return real;
  if (shape.length < 3 || shape[0] !== batch || shape[1] !== sequence) return undefined;
  const inner = shape.slice(2, -1).reduce((product, size) => product * size, 1);
  if (inner === 1) return real;
  return Uint8Array.from(
    { length: real.length * inner },
    (_, row) => real[Math.floor(row / inner)] ?? 0,
  );
}
