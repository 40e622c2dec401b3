import { accuracyLost } from './accuracy';
import { cosineDistance } from './cosine';
import { disagreement } from './disagreement';
import { klAt } from './kl';
import { largestError } from './maxError';
import type { Metric } from './metric';
import { nmse } from './nmse';
import { perplexity } from './perplexity';

/**
 * Every metric there is. Each gives a score to every sample, whose mean is the damage: F1 is no such mean, and is left to the comparison of
 * two whole models.
 */
export const metrics = {
  kl: klAt(1),
  kl2: klAt(2),
  kl4: klAt(4),
  nmse,
  cosine: cosineDistance,
  disagreement,
  maxError: largestError,
  accuracy: accuracyLost,
  perplexity,
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;
