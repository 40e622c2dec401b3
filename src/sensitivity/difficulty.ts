import type { CalibrationBatch } from '../runtime/calibration';
import type { Feeds } from '../runtime/runner';
import { logSumExp } from '../tensor/measures';
import type { Reading } from '../tensor/scores';
import { byDistribution } from './metrics/metric';

/**
 * How unsure the model's own answers are, sample by sample: the chance that two draws from its distribution differ, 1 − Σp², mean over a
 * sample's rows. What hurts most is seen where it is high. Undefined for outputs that are no distribution.
 */
export function uncertaintyOf(
  output: string,
  reading: Reading,
): ((reference: Feeds, batch: CalibrationBatch) => readonly number[]) | undefined {
  if (reading === 'values') return undefined;
  return (feeds, batch) => {
    const reference = feeds[output];
    if (!reference) return [];
    const pair = { reference, candidate: reference, batch, reading, tokens: undefined };
    return byDistribution(pair, ({ reference: logits, width }) => meanDisagreement(logits, width));
  };
}

function meanDisagreement(logits: ArrayLike<number>, width: number): number {
  const rows = Math.floor(logits.length / width);
  let sum = 0;
  for (let from = 0; from < rows * width; from += width) {
    const total = logSumExp(logits, from, width);
    let same = 0;
    for (let at = from; at < from + width; at++) same += Math.exp(2 * ((logits[at] ?? 0) - total));
    sum += 1 - same;
  }
  return rows === 0 ? 0 : sum / rows;
}

/**
 * Difficulties of a batch's samples for what it costs to look at them: a stratum is worth looking at as its spread over the root of its cost
 * is (Cochran, Sampling Techniques, 5.5), and a sample costs as many positions as it has.
 */
export function forTheirCost(
  difficulties: readonly number[],
  { mask }: CalibrationBatch,
): readonly number[] {
  if (!mask) return difficulties;
  const { sequence, real } = mask;
  return difficulties.map((difficulty, sample) => {
    const own = real.subarray(sample * sequence, (sample + 1) * sequence);
    const positions = own.reduce((sum, each) => sum + Number(each !== 0), 0);
    return difficulty / Math.sqrt(Math.max(1, positions));
  });
}
