import { version } from '../../package.json';
import type { SensitivityRequest, SensitivityRow } from '../protocol/sensitivity';
import { hashOf } from './fileHash';
import { modelFiles } from './modelBytes';
import type { SizedModel } from './models';
import { SensitivityCache } from './sensitivityCache';
import type { Question } from './sensitivityQuestion';
import { type FedData, rowOf } from './sensitivityResult';
import type { Finished } from './sensitivityTiers';

/** Rows from earlier sweeps of the same question, and the place for those of this one. */
export interface KeptRows {
  readonly rows: readonly SensitivityRow[];
  readonly has: (id: string, probe: string) => boolean;
  readonly add: (row: Finished) => void;
  /** Why rows are not kept, a sentence; undefined where they are. */
  readonly trouble: () => string | undefined;
}

/** What is kept of rows that stand on the same version, model, inputs, metric and output. */
export function keptFor(
  sized: SizedModel,
  { cache: folder }: SensitivityRequest,
  { asked, judge }: Question,
  data: FedData,
): KeptRows {
  const standsOn = () => [
    ...[version, ...modelFiles(sized).map(hashOf), data.sha256, judge.metric, judge.output],
  ];
  const cache = new SensitivityCache(folder, folder === undefined ? [] : standsOn(), data.samples);
  const rows = asked.flatMap((each) =>
    each.probes.flatMap(({ name }) => {
      const scores = cache.get(each.facts.id, name);
      return scores ? [rowOf({ asked: each, probe: name, scores, settled: true })] : [];
    }),
  );
  return {
    rows,
    has: (id, probe) => cache.get(id, probe) !== undefined,
    add: ({ asked: { facts }, probe, scores }) => cache.add({ id: facts.id, probe, scores }),
    trouble: () => cache.trouble,
  };
}
