import { logSumExp } from './measures';

/** One sequence's scores: rows of `classes` logits, the first at `from`, and the tokens that stand at the rows' positions. */
export interface Sequence {
  readonly logits: ArrayLike<number>;
  readonly classes: number;
  /** Index of the first row. */
  readonly from: number;
  /** Ids of all tokens; those of the sequence begin at `from` too. */
  readonly tokens: ArrayLike<number | bigint>;
  readonly length: number;
  /** 0 for positions that are padding, from the first of all tokens on; undefined where all count. */
  readonly real: Uint8Array | undefined;
}

/**
 * Σ −log p of the token that follows each position, and of how many: exp of their ratio is the perplexity. What follows padding, and the last
 * of all, is predicted by none; nor are ids that are no class.
 */
export function nextTokenLoss({ logits, classes, from, tokens, length, real }: Sequence): {
  sum: number;
  count: number;
} {
  let [sum, count] = [0, 0];
  for (let row = from; row < from + length - 1; row++) {
    if (real?.[row] === 0 || real?.[row + 1] === 0) continue;
    const next = Number(tokens[row + 1] ?? -1);
    if (!(next >= 0 && next < classes)) continue;
    const at = row * classes;
    sum += logSumExp(logits, at, classes) - (logits[at + next] ?? NaN);
    count++;
  }
  return { sum, count };
}
