import type { Comparison, Estimate, OutputFigures } from '../protocol/build';
import type { Estimate as HalfWidth, OutputDifference } from '../verify/outputs';

/** The part of a comparison that is about outputs: the figures of the main one in front, and each by itself. */
export function outputFigures(found: ReadonlyMap<string, OutputDifference>, main: string) {
  const [first] = found;
  const output = found.has(main) ? main : (first?.[0] ?? main);
  const difference = found.get(output);
  const { sqnrDb, cosine, maxError, meanError, broken } = figuresOf(output, difference);
  return {
    samples: difference?.samples ?? 0,
    ...{ output, sqnrDb, cosine, maxError, meanError, broken },
    metric: difference?.kl ? ('classes' as const) : ('values' as const),
    accuracy: accuracyOf(difference),
    f1: f1Of(difference),
    agreement: intervalOf(difference?.agreement),
    kl: intervalOf(difference?.kl),
    perplexity: perplexityOf(difference),
    outputs: [...found].map(([name, each]) => figuresOf(name, each)),
  };
}

function figuresOf(name: string, difference: OutputDifference | undefined): OutputFigures {
  return {
    name,
    sqnrDb: finite(difference?.sqnrDb),
    cosine: finite(difference?.cosine),
    maxError: difference?.largestFinite ?? 0,
    meanError: finite(difference?.meanError) ?? 0,
    broken: difference?.broken ?? 0,
  };
}

function accuracyOf(difference: OutputDifference | undefined): Comparison['accuracy'] {
  const accuracy = difference?.accuracy;
  const interval = intervalOf(accuracy?.difference);
  return accuracy && interval ? { ...accuracy, difference: interval } : null;
}

function f1Of(difference: OutputDifference | undefined): Comparison['f1'] {
  const f1 = difference?.f1;
  const interval = intervalOf(f1?.difference);
  return f1 && interval ? { ...f1, difference: interval } : null;
}

function perplexityOf(difference: OutputDifference | undefined): Comparison['perplexity'] {
  const perplexity = difference?.perplexity;
  const interval = intervalOf(perplexity?.logRatio);
  if (!perplexity || !interval) return null;
  const { reference, candidate, tokens } = perplexity;
  const ratio = {
    mean: Math.exp(interval.mean),
    low: Math.exp(interval.low),
    high: Math.exp(interval.high),
  };
  return { reference, candidate, tokens, ratio };
}

const finite = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** Null where it has no meaning, as for a mean of infinite values; an interval of one sample is not known, and shown as none. */
function intervalOf(estimate: HalfWidth | undefined): Estimate | null {
  if (!estimate || !Number.isFinite(estimate.mean)) return null;
  const { mean, low, high } = estimate;
  if (low !== undefined && high !== undefined) return { mean, low, high };
  const halfWidth = Number.isFinite(estimate.halfWidth) ? estimate.halfWidth : 0;
  return { mean, low: mean - halfWidth, high: mean + halfWidth };
}
