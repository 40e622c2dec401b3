import {
  addUnit,
  isLinear,
  isWeighted,
  joinUnit,
  unitStart,
  type Bench,
  type Draft,
  type Unit,
} from './drafts';
import { isDepthwise, isPointwise } from './convolutions';
import type { Source, Step } from './flow';
import { newHeap } from './heap';
import { activatesItself } from './fusedActivation';
import { dataOperands, plain, searchUp, sourceKey, stepOf } from './walk';

/** The most steps looked at between a residual sum and the fork it closes. */
const limit = 1000;

/** The steps between a sum of two streams and the value from which both come. */
export interface Residual {
  readonly sum: Step;
  readonly steps: ReadonlySet<Step>;
}

/**
 * Finds the residual branches of convolutions (and of linears that nothing else has claimed) and makes units of them; of nested
 * branches the inner ones.
 */
export function findResidualUnits(bench: Bench): void {
  const taken = new Set<Step>();
  for (const sum of bench.flow.steps) {
    if (!isSum(bench, sum)) continue;
    const residual = residualAt(sum);
    if (!residual || [...residual.steps].some((step) => taken.has(step))) continue;
    const drafts = new Set([...residual.steps].flatMap((step) => bench.draftOf.get(step) ?? []));
    const weighted = [...drafts].filter((draft) => isWeighted(draft));
    const units = new Set(weighted.flatMap((draft) => draft.unit ?? []));
    const [within] = units;
    if (within && units.size === 1) joinOthers(within, residual, weighted, drafts);
    if (weighted.length === 0 || within) continue;
    const convolves = weighted.some((draft) => draft.kind === 'convolution');
    const unit = addUnit(bench, convolves ? 'convolution' : 'dense', weighted);
    for (const draft of drafts) if (!draft.unit) unit.drafts.add(draft);
    for (const step of residual.steps) taken.add(step);
    taken.add(sum);
  }
}

/** Convolutions and norms in the branch of an attention or a feed-forward belong to it. */
function joinOthers(
  unit: Unit,
  residual: Residual,
  weighted: readonly Draft[],
  drafts: ReadonlySet<Draft>,
): void {
  const whole = weighted
    .filter((draft) => draft.unit === unit)
    .every((draft) => residual.steps.has(draft.main));
  const convolves = weighted.some((draft) => draft.kind === 'convolution' && !draft.unit);
  if (!whole || !convolves) return;
  for (const draft of drafts)
    if (!draft.unit && residual.steps.has(draft.main)) joinUnit(unit, draft);
}

function isSum(bench: Bench, step: Step): boolean {
  if (step.nature !== 'data' || bench.draftOf.has(step)) return false;
  return (step.op === 'Add' || step.op === 'Sum') && dataOperands(step).length === 2;
}

/** Goes up from both sides at once, latest steps first, until both have come to one value. */
export function residualAt(sum: Step, most = limit): Residual | undefined {
  const places = new Map<object | string, Place>();
  const heap = newHeap(order);
  const add = (source: Source | undefined, sides: number) => {
    const key = source?.kind === 'step' ? source.step : sourceKey(source);
    if (!source || key === undefined) return;
    const place = places.get(key);
    if (place) place.sides |= sides;
    else {
      const fresh = { source, sides };
      places.set(key, fresh);
      heap.push(fresh);
    }
  };
  dataOperands(sum).forEach((side, i) => add(plain(side), 1 << i));
  const steps = new Set<Step>();
  for (let guard = 0; guard < most; guard++) {
    const top = heap.pop();
    if (!top) return undefined;
    if (heap.size() === 0) return top.sides === 3 && steps.size > 0 ? { sum, steps } : undefined;
    const step = stepOf(top.source);
    // An outside value that is not where the sides meet: they never do.
    if (!step) return undefined;
    steps.add(step);
    for (const source of dataOperands(step)) add(plain(source), top.sides);
  }
  return undefined;
}

/** A value to be gone through, with the sides from which it was reached. */
interface Place {
  readonly source: Source;
  sides: number;
}

const order = (place: Place) => stepOf(place.source)?.at ?? -1;

/**
 * Finds blocks around depthwise convolutions that no residual sum closes: expand, depthwise, project (the last without an
 * activation), or depthwise and pointwise.
 */
export function findDepthwiseUnits(bench: Bench): void {
  const order = bench.drafts
    .filter((draft) => draft.kind === 'convolution')
    .sort((a, b) => a.main.at - b.main.at);
  for (const draft of order) {
    if (draft.unit || !isDepthwise(draft)) continue;
    const project = neighbour(bench, draft, 'down');
    if (!project || project.unit || !isPointwise(project)) continue;
    const expand = neighbour(bench, draft, 'up');
    const inverted = !isActivated(bench, project);
    const opens =
      expand && !expand.unit && isPointwise(expand) && isActivated(bench, expand) && inverted;
    const unit = addUnit(bench, 'convolution', [...(opens ? [expand] : []), draft, project]);
    for (const inner of draftsBetween(bench, draft, project))
      if (!inner.unit) joinUnit(unit, inner);
  }
}

/** What stands between two convolutions, squeeze-and-excite's own convolutions included. */
function draftsBetween(bench: Bench, first: Draft, last: Draft): Draft[] {
  const met = new Set<Draft>();
  searchUp(
    [last.linear?.data],
    (step) => first.steps.has(step) || step.at < first.main.at,
    (step) => {
      const draft = bench.draftOf.get(step);
      if (draft) met.add(draft);
      return true;
    },
  );
  return [...met];
}

const moves = (step: Step) => step.operator.kind === 'layout' && step.op !== 'Pad';

/** The convolution right before or after, with at most norms, activations and squeeze-and-excite between. */
function neighbour(bench: Bench, draft: Draft, way: 'up' | 'down'): Draft | undefined {
  let steps: readonly Step[] = [...draft.steps];
  const seen = new Set<Step>(steps);
  for (let guard = 0; guard < 24; guard++) {
    const next = new Set(
      steps.flatMap((step) =>
        way === 'down'
          ? step.readers
          : dataOperands(step).flatMap((source) => stepOf(source) ?? []),
      ),
    );
    // A pooling leads into squeeze-and-excite, which is beside the way.
    for (const step of next)
      if (['pool', 'reduce', 'shape'].includes(step.operator.kind)) next.delete(step);
    for (const step of seen) next.delete(step);
    const found = [...next]
      .flatMap((step) => bench.draftOf.get(step) ?? [])
      .filter((each) => isLinear(each) && each !== draft);
    if (found.length > 0) return pickNeighbour(found, draft, way);
    if (next.size === 0 || [...next].some(moves)) return undefined;
    for (const step of next) seen.add(step);
    steps = [...next];
  }
  return undefined;
}

/** Squeeze-and-excite reads the same value through a pooling; the way on is the one with matching channels. */
function pickNeighbour(
  found: readonly Draft[],
  draft: Draft,
  way: 'up' | 'down',
): Draft | undefined {
  return way === 'down'
    ? found.find((each) => each.linear?.inWidth === draft.linear?.outWidth)
    : found.find((each) => each.linear?.outWidth === draft.linear?.inWidth);
}

function isActivated(bench: Bench, draft: Draft): boolean {
  if (activatesItself(bench, draft)) return true;
  const readers = [...draft.steps]
    .flatMap((step) => step.readers)
    .filter((step) => !draft.steps.has(step));
  const beyond = readers.flatMap((step) =>
    bench.draftOf.get(step)?.kind === 'norm' ? step.readers : [step],
  );
  return beyond.some((step) => bench.draftOf.get(step)?.kind === 'activation');
}

/** Units in the order of the flow. */
export const inOrder = (units: readonly Unit[]): Unit[] =>
  [...units].sort((a, b) => unitStart(a) - unitStart(b));
