/** What the numbers of an output are: scores of classes along the last axis, in which form, or plain values. */
export type Reading = 'logits' | 'probabilities' | 'chance' | 'values';

/** Scores whose softmax is the model's distribution: log p of probabilities, [log(1 − p), log p] of a single chance. */
export function asLogits(values: ArrayLike<number>, reading: Reading): ArrayLike<number> {
  if (reading === 'probabilities') return Float64Array.from(values, logOf);
  if (reading !== 'chance') return values;
  const pairs = new Float64Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const chance = values[i] ?? 0;
    pairs[2 * i] = logOf(1 - chance);
    pairs[2 * i + 1] = logOf(chance);
  }
  return pairs;
}

/** Rounded to zero, a probability would make every divergence infinite. */
const logOf = (probability: number) =>
  Number.isNaN(probability) ? NaN : Math.log(Math.max(probability, 1e-12));
