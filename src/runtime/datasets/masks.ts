import { numbersOf } from '../arrays';
import type { PositionMask } from '../calibration';
import type { Feeds } from '../runner';

/**
 * The mask that the model itself is fed, of [batch, sequence]: ones for what counts, or, where it is added to the scores of attention,
 * zeros for what counts and large negative numbers for padding. Undefined for other shapes.
 */
export function maskByInput(feeds: Feeds, name: string | undefined): PositionMask | undefined {
  const mask = name === undefined ? undefined : feeds[name];
  const [batch, sequence] = mask?.shape ?? [];
  if (mask?.shape.length !== 2 || batch === undefined || sequence === undefined) return undefined;
  const values = numbersOf(mask);
  const isAdded = Array.from(values).some((value) => value < 0);
  const real = Uint8Array.from(values, (value) => Number((value === 0) === isAdded));
  return { batch, sequence, real };
}

/** For models that take no mask: positions after a sample's own length are padding. Undefined where no sample is shorter than the batch. */
export function maskByLengths(
  feeds: Feeds,
  name: string | undefined,
  lengths: readonly number[] | undefined,
): PositionMask | undefined {
  const [batch = 0, sequence = 0] = (name === undefined ? undefined : feeds[name])?.shape ?? [];
  if (lengths?.length !== batch || lengths.every((length) => length >= sequence)) return undefined;
  const real = Uint8Array.from({ length: batch * sequence }, (_, at) =>
    Number(at % sequence < (lengths[Math.floor(at / sequence)] ?? 0)),
  );
  return { batch, sequence, real };
}

/** A mask for both of an encoder–decoder's sequences; all of the first count where it has none of its own. */
export function withSecond(
  feeds: Feeds,
  name: string | undefined,
  mask: PositionMask | undefined,
  second: PositionMask,
): PositionMask {
  if (mask) return { ...mask, second };
  const [batch = 0, sequence = 0] = (name === undefined ? undefined : feeds[name])?.shape ?? [];
  return { batch, sequence, real: new Uint8Array(batch * sequence).fill(1), second };
}
