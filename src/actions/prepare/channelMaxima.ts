import { numbersOf } from '../../runtime/arrays';
import type { Observed } from '../../runtime/observe';

/** The largest magnitude of every channel along the last axis, of what was seen before and now; padded rows do not count. */
export function largestByChannel(
  { tensor, real }: Observed,
  before: Float64Array | undefined,
): Float64Array {
  const width = tensor.shape.at(-1) ?? 1;
  const largest = before?.length === width ? before : new Float64Array(width);
  const values = numbersOf(tensor);
  for (let row = 0, at = 0; at < values.length; row++, at += width) {
    if (real && real[row] === 0) continue;
    for (let channel = 0; channel < width; channel++) {
      const value = Math.abs(values[at + channel] ?? 0);
      if (value > (largest[channel] ?? 0)) largest[channel] = value;
    }
  }
  return largest;
}

/** Sums by channel along the last axis and the number of rows; padded rows do not count. */
export interface ChannelSums {
  readonly sums: Float64Array;
  rows: number;
}

/** Adds what was seen to the sums, or what `of` makes of it. */
export function addByChannel(
  { tensor, real }: Observed,
  to: ChannelSums | undefined,
  of: (value: number) => number = (value) => value,
): ChannelSums {
  const width = tensor.shape.at(-1) ?? 1;
  const total = to ?? { sums: new Float64Array(width), rows: 0 };
  const values = numbersOf(tensor);
  for (let row = 0, at = 0; at < values.length; row++, at += width) {
    if (real && real[row] === 0) continue;
    for (let channel = 0; channel < width; channel++) {
      total.sums[channel] = (total.sums[channel] ?? 0) + of(values[at + channel] ?? 0);
    }
    total.rows++;
  }
  return total;
}
