import type { MetricName } from '../../base/terms';
import { accuracyLost } from './accuracy';
import { cosineDistance } from './cosine';
import { disagreement } from './disagreement';
import { f1Lost } from './f1';
import { klAt } from './kl';
import { largestError } from './maxError';
import type { Metric } from './metric';
import { nmse } from './nmse';
import { perplexity } from './perplexity';

/** Every metric there is. */
export const metrics = {
  kl: klAt(1),
  kl2: klAt(2),
  kl4: klAt(4),
  nmse,
  cosine: cosineDistance,
  disagreement,
  maxError: largestError,
  accuracy: accuracyLost,
  f1: f1Lost,
  perplexity,
} as const satisfies Record<MetricName, Metric>;

export type { MetricName };
