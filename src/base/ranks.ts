import { seededRandom, shuffle } from './random';

type Values = ArrayLike<number>;

/** Spearman's rank correlation; equal values share the mean of their ranks. 1 where one of the lists has but one value, 0 where only one has. */
export function spearman(a: Values, b: Values): number {
  const [first, second] = [centredRanks(a), centredRanks(b)];
  const [x, y, both] = [dot(first, first), dot(second, second), dot(first, second)];
  if (x === 0 && y === 0) return 1;
  return x === 0 || y === 0 ? 0 : both / Math.sqrt(x * y);
}

function centredRanks(values: Values): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort(
    (i, j) => (values[i] ?? 0) - (values[j] ?? 0),
  );
  const middle = (order.length - 1) / 2;
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++;
    for (let i = from; i < to; i++) ranks[order[i] ?? 0] = (from + to - 1) / 2 - middle;
    from = to;
  }
  return ranks;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** How alike two disjoint halves of the samples rank things: the median over many halvings, and what 95 % of the halvings lie between. */
export interface HalvesAgreement {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const halvings = 200;
/** Fewer things have no ranking to speak of, and fewer samples no halves. */
const fewestRows = 3;
const fewestSamples = 4;

/**
 * Spearman's correlation between the rankings by the means over two disjoint halves of the samples, over 200 ways of halving them.
 * `scores` has a list for each thing that is ranked, by sample. Undefined where there are too few of either, or lists of other lengths.
 */
export function halvesAgreement(scores: readonly Values[]): HalvesAgreement | undefined {
  const samples = scores[0]?.length ?? 0;
  if (scores.length < fewestRows || samples < fewestSamples) return undefined;
  if (scores.some(({ length }) => length !== samples)) return undefined;
  // One seed for all: the same scores tell the same, on every machine.
  const random = seededRandom(1);
  const places = Uint32Array.from({ length: samples }, (_, at) => at);
  const half = Math.floor(samples / 2);
  const found = new Float64Array(halvings);
  for (let at = 0; at < halvings; at++) {
    shuffle(places, random);
    const means = (own: Uint32Array) => scores.map((each) => meanAt(each, own));
    found[at] = spearman(means(places.subarray(0, half)), means(places.subarray(half)));
  }
  found.sort();
  const quantile = (share: number) => found[Math.round(share * (halvings - 1))] ?? NaN;
  return { median: quantile(0.5), low: quantile(0.025), high: quantile(0.975) };
}

function meanAt(values: Values, places: Uint32Array): number {
  let sum = 0;
  for (const place of places) sum += values[place] ?? 0;
  return sum / places.length;
}
