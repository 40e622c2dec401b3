import { version } from '../../package.json';
import { UserError } from '../base/errors';
import type { CallContext } from '../protocol/rpc';
import type { Sensitivity, SensitivityRequest, SensitivityRow } from '../protocol/sensitivity';
import { hashOf } from './fileHash';
import { modelFiles } from './modelBytes';
import type { SizedModel } from './models';
import { SensitivityCache } from './sensitivityCache';
import { changesToMeasure } from './sensitivityChanges';
import { contentOf, sensitivityData } from './sensitivityData';
import { tellSeldom } from './sensitivityPartial';
import { type Question, questionOf } from './sensitivityQuestion';
import { type ResultFacts, resultOf, rowOf } from './sensitivityResult';
import { type Finished, tierRuns } from './sensitivityTiers';
import { withTemporaryFolder } from './temporaryFolder';

/** Compresses every layer by itself and scores what that does to the model's output. Throws what the data, the model and the names refuse. */
export async function sensitivity(
  sized: SizedModel,
  request: SensitivityRequest,
  { signal, progress, partial }: CallContext,
): Promise<Sensitivity> {
  const started = performance.now();
  const run = tierRuns[request.tier ?? 'exact'];
  if (!run) throw new UserError('badInput', `There is no tier “${request.tier}”.`);
  const question = questionOf(sized, request);
  const sha256 = hashOf(sized.file);
  return withTemporaryFolder(async (folder) => {
    const data = await sensitivityData(sized, request, folder);
    const facts = { name: data.name, samples: data.samples, sha256: contentOf(data) };
    const cache = cacheOf(sized, request, question, facts);
    const rows = keptRows(question, cache);
    const reused = rows.length;
    const { tasks, skipped, notes } = await changesToMeasure(question, {
      ...{ sized, signal, progress },
      data: request.data === undefined ? undefined : data,
      isKept: (id, probe) => cache.get(id, probe) !== undefined,
    });
    const result = (complete: boolean) =>
      resultOf(rows, {
        ...{ request, question, skipped, sha256, data: facts, complete, reused },
        notes: [...notes, ...(cache.trouble === undefined ? [] : [cache.trouble])],
        seconds: (performance.now() - started) / 1000,
      });
    const teller = tellSeldom(
      () => partial(result(false)),
      () => performance.now(),
    );
    const finished = (row: Finished) => {
      cache.add({ id: row.asked.facts.id, probe: row.probe, scores: row.scores });
      rows.push(rowOf(row));
      teller.changed();
    };
    try {
      await run({ sized, question, data, tasks, signal, progress, finished });
    } finally {
      // Whoever stopped it keeps what was finished.
      teller.flush();
    }
    return result(true);
  });
}

function cacheOf(
  sized: SizedModel,
  { cache }: SensitivityRequest,
  { judge }: Question,
  data: ResultFacts['data'],
): SensitivityCache {
  const standsOn =
    cache === undefined
      ? []
      : [version, ...modelFiles(sized).map(hashOf), data.sha256, judge.metric, judge.output];
  return new SensitivityCache(cache, standsOn, data.samples);
}

function keptRows({ asked }: Question, cache: SensitivityCache): SensitivityRow[] {
  return asked.flatMap((each) =>
    each.probes.flatMap(({ name }) => {
      const scores = cache.get(each.facts.id, name);
      return scores ? [rowOf({ asked: each, probe: name, scores, settled: true })] : [];
    }),
  );
}
