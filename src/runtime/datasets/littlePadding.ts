import { batchesByLength, type Dataset } from './dataset';

/** What a run costs besides its positions, in positions: with it, two sentences of a rare length do not become a batch of their own. */
const perRun = 24;

/**
 * The samples at `places` in batches of at most `most`, the short ones first, cut where that leaves least to compute: the sum over the
 * batches of samples · longest + a run's own cost, found exactly. Batches are of equal size for data without lengths, and for models with
 * a size of their own.
 */
export function batchesOfLittlePadding(
  dataset: Dataset,
  most: number,
  places: readonly number[],
): readonly (readonly number[])[] {
  const plain = batchesByLength(dataset, most, places);
  const sorted = plain.flat();
  const lengths = dataset.atOnce === undefined ? dataset.lengths(sorted) : undefined;
  return lengths ? cutWhere(cheapestCuts(lengths, most), sorted) : plain;
}

/** Where the batches end, for lengths in rising order. */
function cheapestCuts(lengths: readonly number[], most: number): readonly number[] {
  const cost = [0];
  const from: number[] = [0];
  for (let end = 1; end <= lengths.length; end++) {
    const longest = lengths[end - 1] ?? 0;
    let best = Infinity;
    for (let start = Math.max(0, end - most); start < end; start++) {
      const whole = (cost[start] ?? 0) + (end - start) * longest + perRun;
      if (whole >= best) continue;
      best = whole;
      from[end] = start;
    }
    cost[end] = best;
  }
  const ends: number[] = [];
  for (let end = lengths.length; end > 0; end = from[end] ?? 0) ends.unshift(end);
  return ends;
}

function cutWhere(
  ends: readonly number[],
  places: readonly number[],
): readonly (readonly number[])[] {
  return ends.map((end, at) => places.slice(ends[at - 1] ?? 0, end));
}
