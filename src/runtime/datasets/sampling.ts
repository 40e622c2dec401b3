import { seededRandom } from '../../base/random';
import { type Dataset, range } from './dataset';

/**
 * Places of `wanted` out of `count` samples: the first ones, or, with a seed, drawn without repetition. The same for the same seed and
 * count whatever the kind of data; fewer are the beginning of more. Takes time and memory by what is wanted, not by what there is
 * (Fisher–Yates, of which only the moved places are kept).
 */
export function placesOf(count: number, wanted: number, seed?: number): readonly number[] {
  const size = Math.min(count, wanted);
  if (seed === undefined) return range(0, size);
  const random = seededRandom(seed);
  const moved = new Map<number, number>();
  return range(0, size).map((at) => {
    const from = at + Math.floor(random() * (count - at));
    const place = moved.get(from) ?? from;
    moved.set(from, moved.get(at) ?? at);
    return place;
  });
}

/**
 * Places of at most `wanted` samples, as `placesOf`, in whole batches where the model takes so many at once. With `skip`, those that come
 * after the first so many: none of them is among these. One batch at least, where there is one left.
 */
export function placesIn(
  { count, atOnce = 1 }: Dataset,
  wanted: number,
  { seed, skip = 0 }: { readonly seed?: number | undefined; readonly skip?: number } = {},
): readonly number[] {
  const size = Math.max(atOnce, wanted);
  const places = placesOf(count, skip + size, seed).slice(skip);
  return places.slice(0, Math.floor(places.length / atOnce) * atOnce);
}
