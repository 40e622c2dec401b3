import { partOf } from '../../base/progress';
import type { CallContext } from '../../protocol/rpc';
import type { Sensitivity, SensitivityRequest } from '../../protocol/sensitivity';
import { hashOf } from '../fileHash';
import type { SizedModel } from '../models';
import { changesToMeasure } from './changes';
import { contentOf, sensitivityData } from './data';
import { weightHints } from './hints';
import { keptFor } from './kept';
import { tellSeldom } from './partial';
import { followErrors, keptErrors, propagationProbe } from './propagation';
import { type Question, questionOf } from './question';
import { emptyFindings, type Findings, resultOf, rowKey, rowOf } from './result';
import { type Finished, tierRuns } from './tiers';
import { withTemporaryFolder } from '../temporaryFolder';

/** Compresses every layer by itself and scores what that does to the model's output. Throws what the data, the model and the names refuse. */
export async function sensitivity(
  sized: SizedModel,
  request: SensitivityRequest,
  context: CallContext,
): Promise<Sensitivity> {
  const started = performance.now();
  const question = questionOf(sized, request);
  const findings = emptyFindings(question, request, {
    sha256: hashOf(sized.file),
    seconds: () => (performance.now() - started) / 1000,
  });
  const teller = tellSeldom(
    () => context.partial(resultOf(findings, false)),
    () => performance.now(),
  );
  const job = { sized, request, question, findings, context, changed: teller.changed };
  try {
    await (request.tier === 'hints' ? hint(job) : measure(job));
  } finally {
    // Whoever stopped it keeps what was finished.
    teller.flush();
  }
  return resultOf(findings, true);
}

/** A request under way. */
interface Job {
  readonly sized: SizedModel;
  readonly request: SensitivityRequest;
  readonly question: Question;
  readonly findings: Findings;
  readonly context: CallContext;
  /** There is something new among the findings. */
  readonly changed: () => void;
}

async function hint({ sized, question, findings, context, changed }: Job): Promise<void> {
  await weightHints(sized, question, context, (found) => {
    findings.hints.push(found);
    changed();
  });
}

/** Of the whole progress where errors are followed as well: that takes about as long as two probes. */
const sweepShare = 0.7;

async function measure(job: Job): Promise<void> {
  const { sized, request, question, findings, context } = job;
  const { tier = 'exact', limit, seed } = request;
  if (tier === 'hints') return;
  const followed = propagationProbe(request);
  const share = followed ? sweepShare : 1;
  await withTemporaryFolder(async (folder) => {
    const data = await sensitivityData(sized, request, folder);
    const { name, samples, facts } = data;
    findings.data = { name, samples, facts, sha256: contentOf(data) };
    const kept = keptFor(sized, request, question, findings.data);
    for (const row of kept.rows) findings.rows.set(rowKey(row.told), row);
    findings.reused = kept.rows.length;
    findings.keepers.push(kept.notes);
    const { signal } = context;
    const progress = partOf(context.progress, 0, share);
    const { tasks, skipped, notes } = await changesToMeasure(question, {
      ...{ sized, signal, progress, isKept: kept.has },
      data: request.data === undefined ? undefined : data,
    });
    findings.skipped.push(...skipped);
    findings.notes.push(...notes);
    const finished = (row: Finished) => {
      const told = rowOf(row);
      kept.add(row);
      findings.rows.set(rowKey(told), { told, scores: row.scores });
      job.changed();
    };
    const bench = { sized, question, data, tasks, signal, progress, limit, seed };
    await tierRuns[tier]({ ...bench, finished });
    if (!followed) return;
    const rest = partOf(context.progress, share, 1);
    const errors = keptErrors(request.cache, sized, question, findings.data);
    findings.keepers.push(() => errors.notes());
    await followErrors(
      sized,
      question,
      followed,
      { data, errors, signal, progress: rest },
      (row) => {
        findings.propagation.push(row);
        job.changed();
      },
    );
  });
}
