import { partOf, type Progress } from '../../base/progress';
import type { CallContext } from '../../protocol/rpc';
import {
  type Sensitivity,
  type SensitivityRequest,
  settledApart,
  type SkippedLayer,
} from '../../protocol/sensitivity';
import type { DescribedCalibration } from '../calibration';
import { notTaken, unrunLayers } from '../../sensitivity/branches';
import { notRead, unreadLayers } from '../../sensitivity/unread';
import { hashOf } from '../fileHash';
import type { SizedModel } from '../models';
import { layersNotNumbers } from '../notNumbers';
import { changesToMeasure } from './changes';
import { contentOf, sensitivityData } from './data';
import { weightHints } from './hints';
import { keptFor } from './kept';
import { tellSeldom } from './partial';
import { followErrors, keptErrors, propagationProbe } from './propagation';
import { type Asked, type Question, questionOf } from './question';
import { emptyFindings, type FedData, type Findings, resultOf, rowKey, rowOf } from './result';
import { type Finished, tierRuns } from './tiers';
import { withTemporaryFolder } from '../temporaryFolder';

/** Compresses every layer by itself and scores what that does to the model's output. Throws what the data, the model and the names refuse. */
export async function sensitivity(
  sized: SizedModel,
  request: SensitivityRequest,
  context: CallContext,
): Promise<Sensitivity> {
  const started = performance.now();
  const question = await ofNumbers(questionOf(sized, request), sized, context);
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

/** The question without the layers whose weights are no numbers: whatever a probe makes of them is none either. */
async function ofNumbers(
  question: Question,
  sized: SizedModel,
  { signal }: CallContext,
): Promise<Question> {
  const layers = question.asked.flatMap(({ layer }) => layer ?? []);
  const reasons = await layersNotNumbers(layers, sized, signal);
  const skipped = [...reasons].map(([{ id }, why]): SkippedLayer => ({ layer: id, why }));
  return {
    ...question,
    asked: question.asked.filter(({ layer }) => !layer || !reasons.has(layer)),
    skipped: [...question.skipped, ...skipped],
  };
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
  const followed = propagationProbe(request);
  const share = followed ? sweepShare : 1;
  await withTemporaryFolder(async (folder) => {
    const data = await sensitivityData(sized, request, folder);
    const { name, samples, facts } = data;
    const fed = { name, samples, facts, sha256: contentOf(data) };
    findings.data = fed;
    await sweepRows(job, data, fed, partOf(context.progress, 0, share));
    if (!followed) return;
    const errors = keptErrors(request.cache, sized, question, fed);
    findings.keepers.push(() => errors.notes());
    const { signal } = context;
    const bench = { data, errors, signal, progress: partOf(context.progress, share, 1) };
    await followErrors(sized, question, followed, bench, (row) => {
      findings.propagation.push(row);
      job.changed();
    });
  });
}

/** Takes over the rows that are kept, and measures the others. */
async function sweepRows(
  { sized, request, question, findings, context: { signal }, changed }: Job,
  data: DescribedCalibration,
  fed: FedData,
  progress: Progress,
): Promise<void> {
  const { tier = 'exact', limit, seed } = request;
  if (tier === 'hints') return;
  const kept = keptFor(sized, request, question, fed);
  for (const row of kept.rows) findings.rows.set(rowKey(row.told), row);
  findings.keepers.push(kept.notes);
  const reused = new Set(kept.rows.map(({ told }) => rowKey(told)));
  findings.reused = reused.size;
  const { tasks, skipped, notes } = await changesToMeasure(question, {
    ...{ sized, signal, progress, isKept: kept.has },
    data: request.data === undefined ? undefined : data,
  });
  const isUnrun = await unrunLayers(sized.index, data, { signal });
  const isUnread = unreadLayers(sized.index, question.judge.output);
  const unmeasured = new Map(
    question.asked.flatMap((each): [Asked, string][] => {
      if (isUnread(each.subject)) return [[each, notRead]];
      return isUnrun(each.subject) ? [[each, notTaken]] : [];
    }),
  );
  findings.skipped.push(...skipped, ...leaveOut(findings, unmeasured));
  findings.notes.push(...notes);
  if (tier === 'adaptive' && request.shard) findings.notes.push(settledApart);
  const finished = (row: Finished) => {
    const told = rowOf(row);
    if (!Number.isFinite(told.damage)) return void findings.skipped.push(beyondNumbers(row));
    const key = rowKey(told);
    if (kept.knows(row)) reused.add(key);
    else reused.delete(key);
    findings.reused = reused.size;
    kept.add(row);
    findings.rows.set(key, { told, scores: row.scores, samples: row.samples });
    changed();
  };
  const { known } = kept;
  const running = tasks.filter(({ asked }) => !unmeasured.has(asked));
  const bench = { sized, question, data, tasks: running, known, signal, progress, limit, seed };
  await tierRuns[tier]({ ...bench, finished });
  findings.notes.push(...unreachedNotes(sized, findings));
}

/** What no sample runs or nobody reads has no rows, not those of an earlier sweep either. */
function leaveOut(findings: Findings, unmeasured: ReadonlyMap<Asked, string>): SkippedLayer[] {
  return [...unmeasured].map(([{ facts, probes }, why]) => {
    for (const { name } of probes) findings.rows.delete(rowKey({ id: facts.id, probe: name }));
    return { layer: facts.id, why };
  });
}

/** JSON has no infinity, and rankings no place for what is no number. */
function beyondNumbers({ asked: { facts, probes }, probe }: Finished): SkippedLayer {
  const title = probes.find(({ name }) => name === probe)?.title ?? probe;
  const why = `${title}: with it the model’s answers are no finite numbers.`;
  return { layer: facts.id, why, brokenBy: probe };
}

/** Layers in bodies that nothing was seen of, whose conditions cannot be watched: no zeros of the main graph's kind. */
function unreachedNotes({ index }: SizedModel, { question: { asked }, rows }: Findings): string[] {
  const isSilent = ({ facts: { id }, probes }: Asked) =>
    probes.every(({ name }) =>
      rows.get(rowKey({ id, probe: name }))?.scores.every((score) => score === 0),
    );
  return asked
    .filter(({ subject }) => subject.nodes.every(({ scope }) => scope !== index.main))
    .filter(isSilent)
    .map(
      ({ facts }) =>
        `${facts.id} stands in a branch that these inputs do not take: its zeros say nothing.`,
    );
}
