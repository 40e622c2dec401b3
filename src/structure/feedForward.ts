import {
  addDraft,
  addUnit,
  isLinear,
  joinUnit,
  type Bench,
  type Draft,
  type LinearParts,
  type Unit,
} from './drafts';
import { isDepthwise } from './convolutions';
import type { Source, Step } from './flow';
import { activatesItself } from './fusedActivation';
import {
  dataOperands,
  maker,
  plain,
  sameSource,
  sourceKey,
  searchDown,
  searchUp,
  stepOf,
} from './walk';

type Linear = Draft & { linear: LinearParts };

/** Finds feed-forward layers: up, an activation, down; with a gate, with both in one product, or as one operator. */
export function findFeedForward(bench: Bench): void {
  const units: Unit[] = [];
  for (const draft of [...bench.drafts]) {
    if (!isOpen(draft)) continue;
    const pair = feedForwardPair(bench, draft);
    if (pair) units.push(feedForwardUnit(bench, pair));
  }
  mergeExperts(bench, units);
  for (const step of bench.flow.steps)
    if (step.operator.kind === 'experts') addExperts(bench, step);
}

/** A linear that no other recogniser has named. */
const isOpen = (draft: Draft): draft is Linear =>
  isLinear(draft) && draft.kind === 'linear' && draft.unit === undefined && draft.role === 'dense';

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
  const open = ups.filter((up): up is Linear => up !== undefined && isOpen(up));
  if (open.length === 0 || open.length < ups.length) return undefined;
  const gating = gatingOf(bench, passed);
  const bent =
    passed.some((step) => bench.draftOf.get(step)?.kind === 'activation') ||
    open.some((up) => activatesItself(bench, up));
  if (!bent && !(gating && open.length === 2)) return undefined;
  if (gating && !dataOperands(gating).every((side) => leadsUp(bench, side, open))) return undefined;
  const returns = open.every((up) => up.linear.inWidth === down.linear.outWidth);
  if (!returns || down.linear.outWidth === undefined) return undefined;
  const between = passed.flatMap((step) => bench.draftOf.get(step) ?? []);
  return joinsStream(bench, down) ? { down, ups: open, gating, between } : undefined;
}

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
  if (step.op === 'Add' && dataOperands(step).length > 1 && !bench.draftOf.has(step)) return false;
  if (step.operator.kind === 'norm' && dataOperands(step).length > 1) return false;
  return !['pool', 'other', 'softmax'].includes(step.operator.kind);
}

function gatingOf(bench: Bench, passed: readonly Step[]): Step | undefined {
  return passed.find((step) => {
    if (step.op !== 'Mul') return false;
    const data = dataOperands(step);
    if (data.length !== 2) return false;
    const draft = bench.draftOf.get(step);
    if (draft?.kind === 'norm') return false;
    // Inside an activation both factors depend on one value; a gate joins two.
    const own = data.filter(
      (source) =>
        draft?.steps.has(stepOf(source) ?? step) || draft?.steps.has(maker(source) ?? step),
    );
    return (
      own.length < 2 &&
      !sameSource(plain(data[0]), plain(data[1])) &&
      !isSelfGate(bench, step, data)
    );
  });
}

/** x·σ(x): the other factor is what the activation is applied to. */
function isSelfGate(bench: Bench, step: Step, data: readonly Source[]): boolean {
  const draft = bench.draftOf.get(step);
  if (draft?.kind !== 'activation') return false;
  const outside = data.filter((source) => !draft.steps.has(maker(source) ?? step));
  const origins = new Set(
    [...draft.steps]
      .filter((each) => each !== step)
      .flatMap((each) => dataOperands(each).map((source) => sourceKey(plain(source)))),
  );
  return outside.every((source) => origins.has(sourceKey(plain(source))));
}

/** Whether the result goes back into a stream: into a sum with other data, or a norm with a residual input. */
function joinsStream(bench: Bench, down: Draft): boolean {
  const isSum = (step: Step) =>
    !down.steps.has(step) &&
    dataOperands(step).length > 1 &&
    (['Add', 'Sum', 'BiasDropout', 'ScatterElements', 'ScatterND'].includes(step.op) ||
      step.operator.kind === 'norm');
  const stops = (step: Step) =>
    isSum(step) || isAnchor(bench, step) || bench.draftOf.get(step)?.kind === 'activation';
  const ends = searchDown(
    [...down.steps],
    (step) => !down.steps.has(step) && stops(step),
    () => true,
  );
  return (
    ends.some(isSum) &&
    !ends.some((step) => bench.draftOf.get(step)?.kind === 'activation' && !isSum(step))
  );
}

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
    const data: Source[] = dataOperands(at.step);
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
