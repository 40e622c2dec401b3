import { accuracyLost } from './accuracy';
import { cosineDistance } from './cosine';
import { disagreement } from './disagreement';
import { kl } from './kl';
import { largestError } from './maxError';
import type { Metric } from './metric';
import { nmse } from './nmse';

/** Every metric there is. */
export const metrics = {
  kl,
  nmse,
  cosine: cosineDistance,
  disagreement,
  maxError: largestError,
  accuracy: accuracyLost,
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;
