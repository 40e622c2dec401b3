import type { SensitivityOptions } from '../../protocol/sensitivity';
import { metrics } from '../../sensitivity/metrics/index';
import { type ProbeName, probes } from '../../sensitivity/probes';
import { probeFacts } from './probeSteps';
import { usualProbes } from './question';

/** Every probe and every metric there is. */
export function sensitivityOptions(): SensitivityOptions {
  return {
    probes: (Object.keys(probes) as ProbeName[]).map(probeFacts),
    usual: [...usualProbes],
    metrics: Object.entries(metrics).map(([name, { title, unit, needs }]) => ({
      ...{ name, title, unit, needs },
    })),
  };
}
