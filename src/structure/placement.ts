import { addDraft, isWeighted, type Bench, type BlockDraft, type Draft } from './drafts';
import { addsEmbedding } from './embeddings';
import type { Step } from './flow';
import { isRotaryProduct } from './rotary';
import {
  dataOperands,
  earliestBelow,
  latestAbove,
  maker,
  searchDown,
  searchUp,
  stepOf,
} from './walk';

/** Makes layers of the sums that close residual branches, and says for each layer outside units in which block it stands. */
export function placeLayers(bench: Bench): void {
  for (const step of bench.flow.steps) if (isSum(bench, step)) addResidual(bench, step);
  const norms = bench.drafts.filter((draft) => draft.kind === 'norm' && !draft.unit);
  const closing = norms.filter((draft) => afterSum(bench, draft) && goesOnInStream(bench, draft));
  const postNorm = closing.length > norms.filter((draft) => afterSum(bench, draft)).length / 2;
  for (const draft of bench.drafts) {
    if (draft.unit) draft.block = draft.unit.block;
    else if (draft.kind === 'norm') draft.block = blockOfNorm(bench, draft, postNorm, closing);
    else if (follows(draft)) draft.block = blockAbove(bench, draft);
  }
  for (const draft of bench.drafts)
    if (draft.part === 'other' && (draft.kind === 'activation' || draft.label === 'scale'))
      settlePart(bench, draft);
}

/** What stands where the layer before it stands. */
const follows = (draft: Draft) =>
  draft.kind === 'activation' || draft.label === 'residual' || draft.label === 'scale';

function isSum(bench: Bench, step: Step): boolean {
  const adds = step.op === 'Add' || step.op === 'Sum' || step.op === 'BiasDropout';
  if (!adds || step.nature !== 'data' || bench.draftOf.has(step)) return false;
  const data = dataOperands(step);
  return data.length > 1 && !data.some((source) => isTurned(maker(source)));
}

/** One half of a rotation: the sum of both halves joins no streams. */
const isTurned = (step: Step | undefined) => step !== undefined && isRotaryProduct(step);

function addResidual(bench: Bench, main: Step): void {
  const stem =
    bench.units.length > 0 ? latestAbove(dataOperands(main), isPlaceOf(bench)) : undefined;
  const opens = !(stem && bench.draftOf.get(stem)?.unit) && addsEmbedding(bench, main);
  const choice = opens ? ({ part: 'embedding', label: 'sum' } as const) : { label: 'residual' };
  addDraft(bench, { kind: 'other', main, ...choice });
}

const addsUp = (bench: Bench, step: Step) =>
  ['residual', 'sum'].includes(bench.draftOf.get(step)?.label ?? '') ||
  (step.operator.kind === 'norm' && dataOperands(step).length > 1);

const throughMoves = (step: Step) => ['cast', 'layout'].includes(step.operator.kind);

/** Whether the norm normalises a residual sum, its own included. */
function afterSum(bench: Bench, draft: Draft): boolean {
  if (dataOperands(draft.main).length > 1 && draft.main.operator.kind === 'norm') return true;
  const above = searchUp(
    sourcesAbove(draft),
    (step) => !draft.steps.has(step) && bench.draftOf.has(step),
    throughMoves,
  );
  return above.some((step) => addsUp(bench, step) || bench.draftOf.get(step)?.kind === 'embedding');
}

/** Whether what the norm makes is itself what later branches are added to. */
function goesOnInStream(bench: Bench, draft: Draft): boolean {
  const reads = (step: Step) =>
    step.operands.some(
      (source) => source?.kind === 'step' && draft.steps.has(source.step) && source.output === 0,
    );
  const first = [...draft.steps]
    .flatMap((step) => step.readers)
    .filter((step) => !draft.steps.has(step) && reads(step));
  const sums = first.filter((step) => addsUp(bench, step));
  return (
    sums.length > 0 ||
    searchDown(first.filter(throughMoves), (step) => addsUp(bench, step), throughMoves).length > 0
  );
}

const sourcesAbove = (draft: Draft) =>
  [...draft.steps]
    .flatMap(dataOperands)
    .filter((source) => !draft.steps.has(stepOf(source) ?? draft.main));

const isPlace = (draft: Draft | undefined) =>
  isWeighted(draft) || draft?.kind === 'embedding' || draft?.kind === 'context';

const isPlaceOf = (bench: Bench) => (step: Step) => isPlace(bench.draftOf.get(step));

/** The latest layer with weights before this one. */
function placeAbove(bench: Bench, draft: Draft): Draft | undefined {
  const step = latestAbove(
    sourcesAbove(draft),
    (each) => !draft.steps.has(each) && isPlace(bench.draftOf.get(each)),
  );
  return step && bench.draftOf.get(step);
}

const blockAbove = (bench: Bench, draft: Draft): BlockDraft | undefined =>
  bench.blocks.length > 0 ? placeAbove(bench, draft)?.unit?.block : undefined;

function blockBelow(bench: Bench, draft: Draft): BlockDraft | undefined {
  const step = earliestBelow(
    [...draft.steps],
    (each) => !draft.steps.has(each) && isPlace(bench.draftOf.get(each)),
  );
  return step && bench.draftOf.get(step)?.unit?.block;
}

/** A norm after a branch or after its sum closes a block; one before a branch opens it. */
function blockOfNorm(
  bench: Bench,
  draft: Draft,
  postNorm: boolean,
  closing: readonly Draft[],
): BlockDraft | undefined {
  if (!afterSum(bench, draft)) return blockAbove(bench, draft) ?? blockBelow(bench, draft);
  if (postNorm || closing.includes(draft)) return blockAbove(bench, draft);
  return blockBelow(bench, draft);
}

/** An activation belongs to what it follows. */
function settlePart(bench: Bench, draft: Draft): void {
  draft.part = placeAbove(bench, draft)?.part ?? draft.part;
}
