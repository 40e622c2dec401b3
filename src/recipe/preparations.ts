import type { Step } from '../protocol/recipe';

const everything = {};

/**
 * Exact preparations that were measured to pay, in the order in which they help one another. On MiniLM-SST2 in int8, one thread, against
 * the same without: shape arithmetic gone is worth 1 to 7 %, positions that nobody reads 6 to 16 %, attention in one operator 0 to 4 %
 * on short inputs for 1 to 2 % less on batches, Gelu in the order that is fused 7 % where it was not (4 % in float32). Norms kept
 * unfused change nothing there, as the runtime does not fuse them in our int8 graph; in graphs where it does, its fused norm takes four
 * times as long as the two operators. Fusing queries, keys and values costs up to 9 %, and is not here. Weights stored twice
 * cost size alone: tiny-lm in int8, with its head tied, takes 22.0 % of its file instead of 26.2 %, and as long.
 */
export const payingPreparations: readonly Step[] = [
  { action: 'foldConstants', targets: everything },
  { action: 'deduplicate', targets: everything },
  { action: 'foldBatchNorm', targets: everything },
  { action: 'skipUnread', targets: everything },
  { action: 'fuseGelu', targets: everything },
  { action: 'keepUnfused', targets: everything },
  { action: 'fuseAttention', targets: everything },
];
