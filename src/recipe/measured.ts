import { getNodeValue } from 'jsonc-parser';
import type { Comparison } from '../protocol/build';
import type { Plan } from '../protocol/plan';
import type { MeasuredRecipe } from '../protocol/recipe';
import { complain, type Spot } from './spots';

/** The figures of a recipe's last build. Nothing depends on them, so what does not look like figures is left out with a warning. */
export function readMeasured(spot: Spot): MeasuredRecipe | undefined {
  // The parser's objects have no prototype, which comparing them would tell.
  const value: unknown =
    spot.node.type === 'object' ? structuredClone(getNodeValue(spot.node)) : undefined;
  const bytes = (value as MeasuredRecipe | undefined)?.bytes;
  if (typeof bytes?.before === 'number' && typeof bytes.after === 'number') {
    return value as MeasuredRecipe;
  }
  complain(spot, '“measured” is written by Featherweight; this is not what it writes.', 'warning');
  return undefined;
}

/** What a recipe keeps of a comparison of its result with the original. */
export function measuredFrom(comparison: Comparison): MeasuredRecipe {
  const { bytes, latency, kl, agreement, accuracy, data, samples } = comparison;
  const rounded = (value: number) => Number(value.toPrecision(4));
  return {
    bytes: { before: bytes.reference, after: bytes.candidate },
    latencyRatio: {
      median: rounded(latency.ratio),
      low: rounded(latency.low),
      high: rounded(latency.high),
    },
    ...(kl ? { kl: rounded(kl.mean) } : {}),
    ...(agreement ? { agreement: rounded(agreement.mean) } : {}),
    ...(accuracy
      ? { accuracy: { before: rounded(accuracy.reference), after: rounded(accuracy.candidate) } }
      : {}),
    ...(samples > 0 ? { data, samples } : {}),
  };
}

/** What a recipe keeps of the plan that it was made by; `before` are the original's bytes. */
export function measuredFromPlan(
  { measured, metric, data, samples }: Plan,
  before: number,
): MeasuredRecipe {
  return {
    bytes: { before, after: measured.bytes },
    ...(metric.name === 'kl' ? { kl: Number(measured.damage.toPrecision(4)) } : {}),
    ...{ data, samples },
  };
}
