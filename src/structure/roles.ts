import type { Role } from '../base/terms';
import { stringAttribute } from '../onnx/attributes';
import {
  addDraft,
  addUnit,
  isLinear,
  isWeighted,
  joinUnit,
  type Bench,
  type Draft,
  type LinearParts,
} from './drafts';
import type { Source, Step } from './flow';
import { modulePath } from './names';
import { residualAt } from './residuals';
import { dataOperands, maker, natureOf, plain, searchDown, searchUp, stepOf } from './walk';

type Linear = Draft & { linear: LinearParts };

export function findRecurrent(bench: Bench): void {
  for (const step of bench.flow.steps) {
    if (step.operator.kind !== 'recurrent') continue;
    const draft = addDraft(bench, {
      kind: 'recurrent',
      main: step,
      role: 'recurrent',
      part: 'recurrent',
      label: step.op.toLowerCase(),
    });
    addUnit(bench, 'recurrent', [draft]);
  }
}

/** Settles the linears that belong to no attention and no feed-forward, from the end of the model to its start. */
export function settleLinears(bench: Bench): void {
  const open = bench.drafts.filter(
    (draft): draft is Linear => isLinear(draft) && draft.role === 'dense',
  );
  const inBlocks = new Set(['attention', 'cross', 'feedForward']);
  const hasBlocks = bench.units.some((unit) => inBlocks.has(unit.kind));
  for (const draft of open.sort((a, b) => b.main.at - a.main.at)) {
    const role = hasBlocks
      ? roleAmongBlocks(bench, draft)
      : isLast(bench, draft)
        ? 'head'
        : 'dense';
    draft.role = role;
    draft.label = role;
    draft.part = partOf[role] ?? 'other';
  }
}

const partOf: Partial<Record<Role, Draft['part']>> = {
  head: 'head',
  headTransform: 'head',
  pooler: 'head',
  router: 'feedForward',
  embeddingProjection: 'embedding',
  query: 'attention',
  kv: 'attention',
  position: 'attention',
};

const isLast = (bench: Bench, draft: Draft) =>
  ![...draft.steps].some((step) => bench.feeding.has(step));

function roleAmongBlocks(bench: Bench, draft: Linear): Role {
  if (choosesExperts(bench, draft)) return 'router';
  if (isLast(bench, draft))
    return isPooler(bench, draft) && bench.flow.outputs.length > 1 ? 'pooler' : 'head';
  const next = nearest(bench, draft, 'down');
  if (next.every((each) => each.part === 'head'))
    return isPooler(bench, draft) ? 'pooler' : 'headTransform';
  if (shapesScores(bench, draft, next)) return 'position';
  const latent = latentRole(draft, next);
  if (latent) return latent;
  if (
    !nearest(bench, draft, 'up').some((each) => isWeighted(each) && each.kind !== 'convolution')
  ) {
    const leads = next.some((each) => each.unit) && !isInBranch(bench, draft);
    return leads ? 'embeddingProjection' : 'dense';
  }
  return merges(draft) && next.some((each) => each.unit) ? 'downsample' : 'dense';
}

/** Whether what the linear makes is added back to what it reads. */
function isInBranch(bench: Bench, draft: Linear): boolean {
  const isSum = (step: Step) =>
    step.op === 'Add' && dataOperands(step).length > 1 && !bench.draftOf.has(step);
  const sums = searchDown([...draft.steps], isSum, (step) => step.at - draft.main.at < 500);
  return sums.some((sum) => residualAt(sum)?.steps.has(draft.main));
}

/** The nearest layers with weights before or after. */
function nearest(bench: Bench, draft: Linear, way: 'up' | 'down'): Draft[] {
  const stop = (step: Step) => {
    const other = bench.draftOf.get(step);
    const table = way === 'up' && other?.kind === 'embedding';
    return other !== draft && (isWeighted(other) || table);
  };
  const steps =
    way === 'up'
      ? searchUp([draft.linear.data], stop, () => true)
      : searchDown([...draft.steps], stop, () => true);
  return [...new Set(steps.flatMap((step) => bench.draftOf.get(step) ?? []))];
}

/** Takes one position of a sequence, or its mean, through a tanh: what BERT calls its pooler. */
function isPooler(bench: Bench, draft: Linear): boolean {
  const name = modulePath(draft.main.entry.node);
  if (/pooler/i.test(name)) return readsOnePosition(draft.linear.data);
  if (/classif|score|out_proj|lm_head|cls/i.test(name) && !/pool/i.test(name)) return false;
  if (stringAttribute(draft.main.entry.node, 'activation') === 'Tanh')
    return readsOnePosition(draft.linear.data);
  const bent = searchDown(
    [...draft.steps],
    (step) => bench.draftOf.get(step)?.kind === 'activation',
    (step) => ['cast', 'layout'].includes(step.operator.kind) || draft.steps.has(step),
  );
  const tanh = bent.length > 0 && bent.every((step) => step.op === 'Tanh');
  return tanh && readsOnePosition(draft.linear.data);
}

function readsOnePosition(data: Source | undefined): boolean {
  let step = maker(data);
  for (let guard = 0; step && guard < 8; guard++) {
    if (step.op === 'Gather') return natureOf(step.operands[1]) !== 'data';
    if (step.op === 'Slice' || step.operator.kind === 'reduce') return true;
    if (step.operator.kind !== 'layout') return false;
    step = maker(step.operands[0]);
  }
  return false;
}

function choosesExperts(bench: Bench, draft: Linear): boolean {
  const passes = (step: Step) => !isWeighted(bench.draftOf.get(step)) || draft.steps.has(step);
  const chosen = searchDown(
    [...draft.steps],
    (step) => step.op === 'TopK' || step.operator.kind === 'experts',
    (step) =>
      (passes(step) &&
        ['arithmetic', 'activation', 'softmax', 'cast', 'layout'].includes(step.operator.kind)) ||
      draft.steps.has(step),
  );
  if (chosen.length === 0) return false;
  const experts = bench.units.find(
    (unit) =>
      unit.kind === 'feedForward' && [...unit.drafts].some((each) => sameStart(each, draft)),
  );
  if (experts) joinUnit(experts, draft);
  return true;
}

const sameStart = (a: Draft, b: Linear) =>
  isLinear(a)
    ? startOf(a.linear.data) === startOf(b.linear.data)
    : startOf(a.main.operands[0]) === startOf(b.linear.data);

/** The norm that a layer reads, moves skipped. */
function startOf(source: Source | undefined): Step | undefined {
  let step = maker(source);
  for (
    let guard = 0;
    step && ['layout', 'lookup'].includes(step.operator.kind) && guard < 16;
    guard++
  ) {
    step = stepOf(plain(dataOperands(step)[0]));
  }
  return step;
}

/** A narrow product in front of one attention's projections: queries, or keys and values, in compressed form. */
function latentRole(draft: Linear, next: readonly Draft[]): Role | undefined {
  const units = new Set(next.map((each) => each.unit));
  const [unit] = units;
  if (units.size !== 1 || !unit || (unit.kind !== 'attention' && unit.kind !== 'cross'))
    return undefined;
  const queries = next.filter((each) => each.role === 'query').length;
  const keys = next.filter((each) => ['key', 'value', 'kv'].includes(each.role)).length;
  if (queries + keys < next.length || (queries > 0 && keys > 0)) return undefined;
  joinUnit(unit, draft);
  return queries > 0 ? 'query' : 'kv';
}

/** Makes what is added to the scores of one attention, or feeds what does: positions computed by a small network. */
function shapesScores(bench: Bench, draft: Linear, next: readonly Draft[]): boolean {
  if (next.length > 0 && next.every((each) => each.role === 'position' && each.linear)) return true;
  const stop = (step: Step) => {
    const other = bench.draftOf.get(step);
    return other !== draft && (isWeighted(other) || ['scores', 'norm'].includes(other?.kind ?? ''));
  };
  const met = searchDown([...draft.steps], stop, () => true);
  const units = new Set(met.map((step) => bench.draftOf.get(step)?.unit));
  const [unit] = units;
  const only = units.size === 1 && met.every((step) => bench.draftOf.get(step)?.kind === 'scores');
  if (only && unit) joinUnit(unit, draft);
  return only;
}

/** Reads several positions joined into one: patch merging between stages. */
function merges(draft: Linear): boolean {
  const { inWidth, outWidth } = draft.linear;
  return inWidth !== undefined && outWidth !== undefined && inWidth >= 2 * outWidth;
}
