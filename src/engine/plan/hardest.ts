/** Samples that stand for more of their kind: their numbers in rising order, and what each counts in a mean; the weights add up to 1. */
export interface Drawn {
  readonly numbers: readonly number[];
  readonly weights: readonly number[];
}

/** Samples that are far easier than most still count as so much of the usual difficulty, or one that is drawn would count for very many. */
const leastShare = 0.1;

/**
 * Draws `wanted` samples with chances in proportion to how hard they are, and weighs them by the inverse: a mean over them is unbiased, and
 * as steady as one over many more, as damage goes with the model's own doubt. Systematic sampling along the order of difficulty (Madow
 * 1949), those that are hard enough for a chance of 1 taken first.
 */
export function drawHard(difficulties: readonly number[], wanted: number): Drawn {
  const count = difficulties.length;
  if (wanted >= count) {
    return { numbers: [...difficulties.keys()], weights: difficulties.map(() => 1 / count) };
  }
  const usual = difficulties.reduce((sum, each) => sum + each, 0) / count || 1;
  const sizes = difficulties.map((each) => Math.max(each, leastShare * usual));
  const order = [...sizes.keys()].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
  const chances = chancesOf(order, sizes, wanted);
  const found: number[] = [];
  let [sum, next] = [0, 0.5];
  for (const at of order) {
    sum += chances[at] ?? 0;
    if (sum < next) continue;
    found.push(at);
    next++;
  }
  const numbers = found.sort((a, b) => a - b);
  const raw = numbers.map((at) => 1 / (chances[at] ?? 1));
  const total = raw.reduce((all, each) => all + each, 0);
  return { numbers, weights: raw.map((each) => each / total) };
}

/** Chances in proportion to the sizes that add up to `wanted`, none above 1. `order` has the largest first. */
function chancesOf(order: readonly number[], sizes: readonly number[], wanted: number): number[] {
  const chances = sizes.map(() => 1);
  let left = order.reduce((sum, at) => sum + (sizes[at] ?? 0), 0);
  let sure = 0;
  for (const at of order) {
    const size = sizes[at] ?? 0;
    if ((wanted - sure) * size < left) break;
    sure++;
    left -= size;
  }
  for (const at of order.slice(sure)) chances[at] = ((wanted - sure) * (sizes[at] ?? 0)) / left;
  return chances;
}
