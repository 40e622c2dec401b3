import { UserError } from '../../base/errors';
import { numbersOf } from '../../runtime/arrays';
import { targetTokens } from '../../runtime/labels';
import { asLogits } from '../../tensor/scores';
import { nextTokenLoss } from '../../tensor/perplexity';
import type { MeanMetric, OutputPair } from './metric';

/**
 * How much less likely the next token became, the mean over a sample's tokens of −log p, padding left out: the logarithm of the perplexities'
 * ratio, exp of it the ratio itself. Logarithms can be averaged over samples, perplexities cannot; every sample counts the same, however
 * long it is.
 */
export const perplexity: MeanMetric = {
  title: 'Perplexity’s log ratio',
  unit: 'nats a token',
  needs: 'tokens',
  score(pair) {
    const { batch, reading } = pair;
    const { ids, samples, length, classes } = layoutOf(pair);
    const real = batch.mask?.real.length === samples * length ? batch.mask.real : undefined;
    const [before, after] = [pair.reference, pair.candidate].map((tensor) =>
      asLogits(numbersOf(tensor) as ArrayLike<number>, reading),
    );
    return Array.from({ length: samples }, (_, sample) => {
      const lossOf = (logits: ArrayLike<number> = []) =>
        nextTokenLoss({
          ...{ logits, classes, from: sample * length, tokens: ids, length, real },
        });
      const [old, fresh] = [lossOf(before), lossOf(after)];
      return old.count === 0 ? 0 : (fresh.sum - old.sum) / old.count;
    });
  },
};

/** Throws `badInput` where the output does not score the next token at every position of the tokens. */
function layoutOf({ reference, batch, tokens = '' }: OutputPair) {
  const fed = batch.feeds[tokens];
  const [samples = 0, length = 0, ...more] = fed?.shape ?? [];
  const [rows, positions, classes = 0] = reference.shape;
  const fits = more.length === 0 && rows === samples && positions === length;
  if (!fed || !fits || reference.shape.length !== 3) {
    throw new UserError(
      'badInput',
      'Perplexity needs a language model: one whose output scores the next token at every position of its input.',
    );
  }
  const ids = targetTokens(batch.labels, numbersOf(fed) as ArrayLike<number | bigint>, length);
  return { ids, samples, length, classes };
}
