import {
  addDraft,
  addUnit,
  isLinear,
  isWeighted,
  joinUnit,
  type Bench,
  type Draft,
  type LinearParts,
  type Unit,
} from './drafts';
import { isDepthwise, isPointwise } from './convolutions';
import type { Source, Step } from './flow';
import { activatesItself } from './fusedActivation';
import { gatingOf, isSelfGate } from './gates';
import { residualAt } from './residuals';
import { dataOperands, plain, searchDown, searchUp } from './walk';

type Linear = Draft & { linear: LinearParts };

/** Finds feed-forward layers: up, an activation, down; with a gate, with both in one product, or as one operator. */
export function findFeedForward(bench: Bench): void {
  const units: Unit[] = [];
  for (const draft of [...bench.drafts]) {
    if (!isOpen(bench, draft)) continue;
    const pair = feedForwardPair(bench, draft);
    if (pair) units.push(feedForwardUnit(bench, pair));
  }
  mergeExperts(bench, units);
  for (const step of bench.flow.steps)
    if (step.operator.kind === 'experts') addExperts(bench, step);
}

/** A linear that no other recogniser has named; among attentions a pointwise convolution is one too. */
const isOpen = (bench: Bench, draft: Draft): draft is Linear => {
  if (!isLinear(draft) || draft.unit !== undefined) return false;
  if (draft.kind === 'linear') return draft.role === 'dense';
  return draft.role === 'conv' && isPointwise(draft) && attends(bench);
};

const attends = (bench: Bench) =>
  bench.units.some((unit) => unit.kind === 'attention' || unit.kind === 'cross');

interface Pair {
  readonly down: Linear;
  readonly ups: readonly Linear[];
  readonly gating: Step | undefined;
  /** The layers on the way from the ups to the down. */
  readonly between: readonly Draft[];
}

function feedForwardPair(bench: Bench, down: Linear): Pair | undefined {
  const passed: Step[] = [];
  const ups = searchUp(
    [down.linear.data],
    (step) => isAnchor(bench, step),
    (step) => isInner(bench, step) && passed.push(step) > 0,
  ).map((step) => bench.draftOf.get(step));
  const open = ups.filter((up): up is Linear => up !== undefined && isOpen(bench, up));
  if (open.length === 0 || open.length < ups.length) return undefined;
  const gating = gatingOf(bench, passed);
  const bent =
    passed.some((step) => bench.draftOf.get(step)?.kind === 'activation') ||
    open.some((up) => activatesItself(bench, up));
  if (!bent || mixesChannels(bench, down, passed)) return undefined;
  if (gating && !dataOperands(gating).every((side) => leadsUp(bench, side, open))) return undefined;
  const returns = open.every((up) => up.linear.inWidth === down.linear.outWidth);
  if (!returns || down.linear.outWidth === undefined) return undefined;
  const between = passed.flatMap((step) => bench.draftOf.get(step) ?? []);
  return joinsStream(bench, down) ? { down, ups: open, gating, between } : undefined;
}

/** Convolutions around a depthwise one are a block of a convolutional network. */
const mixesChannels = (bench: Bench, down: Linear, passed: readonly Step[]): boolean =>
  down.kind === 'convolution' &&
  passed.some((step) => bench.draftOf.get(step)?.kind === 'convolution');

/** Both factors of a gate come from the ups; where one comes from elsewhere, the gate is no feed-forward's. */
const leadsUp = (bench: Bench, side: Source, ups: readonly Linear[]): boolean =>
  searchUp(
    [side],
    (step) => isAnchor(bench, step),
    (step) => isInner(bench, step),
  ).some((step) => ups.some((up) => up.steps.has(step)));

const isAnchor = (bench: Bench, step: Step): boolean => {
  const draft = bench.draftOf.get(step);
  // Some feed-forwards mix neighbours with a depthwise convolution between up and down.
  if (draft && isDepthwise(draft)) return false;
  const stops = ['embedding', 'context', 'scores', 'recurrent', 'attention', 'experts'];
  return (
    isLinear(draft) ||
    (draft !== undefined && stops.includes(draft.kind)) ||
    step.operator.kind === 'product'
  );
};

/** What may stand between up and down: activations, gates, norms, moves; not a residual sum. */
function isInner(bench: Bench, step: Step): boolean {
  if (step.op === 'Add' && dataOperands(step).length > 1 && !bench.draftOf.has(step)) {
    return addsToItself(bench, step);
  }
  if (step.operator.kind === 'norm' && dataOperands(step).length > 1) return false;
  return !['pool', 'other', 'softmax'].includes(step.operator.kind);
}

/** The most steps between a value and a sum with itself inside one layer. */
const withinLayer = 64;

/** A sum of a value and something computed from it without any weight matrix, inside one layer. */
function addsToItself(bench: Bench, step: Step): boolean {
  const residual = residualAt(step, withinLayer);
  return (
    residual !== undefined &&
    ![...residual.steps].some((each) => isWeighted(bench.draftOf.get(each)))
  );
}

/** Whether the result goes back into a stream: into a sum with other data, or a norm with a residual input. */
function joinsStream(bench: Bench, down: Draft): boolean {
  const isSum = (step: Step) =>
    !down.steps.has(step) &&
    dataOperands(step).length > 1 &&
    (['Add', 'Sum', 'BiasDropout', 'ScatterElements', 'ScatterND'].includes(step.op) ||
      step.operator.kind === 'norm');
  const bends = (step: Step) =>
    bench.draftOf.get(step)?.kind === 'activation' && !isGated(bench, step);
  const stops = (step: Step) => isSum(step) || isAnchor(bench, step) || bends(step);
  const ends = searchDown(
    [...down.steps],
    (step) => !down.steps.has(step) && stops(step),
    () => true,
  );
  return ends.some(isSum) && !ends.some((step) => bends(step) && !isSum(step));
}

/** The product in which an activation of something else weighs a value. */
const isGated = (bench: Bench, step: Step): boolean =>
  step.op === 'Mul' &&
  dataOperands(step).length === 2 &&
  !isSelfGate(bench, step, dataOperands(step));

function feedForwardUnit(bench: Bench, pair: Pair): Unit {
  const unit = addUnit(bench, 'feedForward', [pair.down, ...pair.ups]);
  const gates = pair.gating ? gateLinears(bench, pair.gating, pair.ups) : [];
  for (const up of pair.ups) up.role = gates.includes(up) ? 'gate' : 'up';
  const [only] = pair.ups;
  if (pair.gating && only && pair.ups.length === 1 && isSplit(only, pair.down))
    only.role = 'gateUp';
  pair.down.role = 'down';
  for (const draft of unit.drafts) {
    draft.part = 'feedForward';
    draft.label = draft.role;
  }
  for (const draft of pair.between) {
    joinUnit(unit, draft);
    if (draft.kind === 'activation') draft.part = 'feedForward';
  }
  return unit;
}

/** Twice as much comes out of the one product as goes on. */
const isSplit = (up: Linear, down: Linear) =>
  up.linear.outWidth !== undefined && up.linear.outWidth === 2 * (down.linear.inWidth ?? NaN);

/** Of two products that meet in a gate, the one that goes through the activation; the first where neither or both do. */
function gateLinears(bench: Bench, gating: Step, ups: readonly Linear[]): Linear[] {
  if (ups.length < 2) return [];
  const bentBefore = (source: Source): Linear[] => {
    let bent = false;
    const found = searchUp(
      [source],
      (step) => isLinear(bench.draftOf.get(step)),
      (step) => {
        if (step !== gating && bench.draftOf.get(step)?.kind === 'activation') bent = true;
        return true;
      },
    );
    const linears = found.map((step) => bench.draftOf.get(step)).filter(isLinear);
    return bent ? linears : [];
  };
  const bent = dataOperands(gating).flatMap(bentBefore);
  return bent.length > 0 && bent.length < ups.length ? bent : ups.slice(0, 1);
}

/** Experts that read one value and whose results are summed are one mixture: they share their input. */
function mergeExperts(bench: Bench, units: readonly Unit[]): void {
  const byInput = new Map<object | string, Unit>();
  for (const unit of units) {
    const first = [...unit.drafts].find((draft) => draft.role !== 'down');
    const key = originOf(first?.linear?.data);
    if (!key) continue;
    const other = byInput.get(key);
    if (!other) {
      byInput.set(key, unit);
      continue;
    }
    for (const draft of unit.drafts) joinUnit(other, draft);
    bench.units.splice(bench.units.indexOf(unit), 1);
  }
}

/** The norm, or else the sum, whose result an expert reads, selections and moves skipped. */
function originOf(source: Source | undefined): object | string | undefined {
  let at = plain(source);
  for (
    let guard = 0;
    at?.kind === 'step' && at.step.operator.kind !== 'norm' && guard < 16;
    guard++
  ) {
    const moves = ['layout', 'lookup', 'cast'].includes(at.step.operator.kind);
    const data: readonly Source[] = dataOperands(at.step);
    if (!moves || data.length === 0) break;
    at = plain(data[0]);
  }
  return at?.kind === 'step' ? at.step : undefined;
}

/** One operator for all experts of a mixture. */
function addExperts(bench: Bench, step: Step): void {
  if (bench.draftOf.has(step)) return;
  const unit = addUnit(bench, 'feedForward', []);
  addDraft(bench, {
    kind: 'experts',
    main: step,
    role: 'up',
    part: 'feedForward',
    label: 'experts',
    unit,
  });
}
