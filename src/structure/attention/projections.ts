import { isLinear, type Bench, type Draft, type LinearParts } from '../drafts';
import type { Source, Step } from '../flow';
import { dataOperands, plain, searchDown, searchUp, stepOf } from '../walk';

/** A product whose result depends on the data. */
export const isProduct = (step: Step) => step.operator.kind === 'product' && step.nature === 'data';

/** The projections behind a query, key or value: past moves, rotations and norms, not past a residual sum. */
export function tracedLinears(
  bench: Bench,
  sources: readonly (Source | undefined)[],
): (Draft & { linear: LinearParts })[] {
  const linearAt = (step: Step) => bench.draftOf.get(step);
  const stop = (step: Step) => {
    const kind = linearAt(step)?.kind;
    return (
      isLinear(linearAt(step)) || kind === 'embedding' || kind === 'context' || isProduct(step)
    );
  };
  const pass = (step: Step) => step.operator.kind !== 'other' && !isResidual(step);
  const drafts = searchUp(sources, stop, pass).map(linearAt).filter(isLinear);
  return [...new Set(drafts)];
}

/** A sum of two data streams, rotations aside. */
export function isResidual(step: Step): boolean {
  if (step.op !== 'Add' && step.op !== 'Sum')
    return step.operator.kind === 'norm' && dataOperands(step).length > 1;
  const makers = dataOperands(step).map((source) => stepOf(plain(source)));
  return makers.length > 1 && !makers.every((each) => each?.op === 'Mul');
}

/** The projections that read the result: past moves, gates and norms, not past a residual sum. */
export function outputLinears(bench: Bench, result: Step): Draft[] {
  const stop = (step: Step) => isLinear(bench.draftOf.get(step)) || isProduct(step);
  const through = new Set(['layout', 'cast', 'arithmetic', 'norm', 'activation']);
  const pass = (step: Step) => through.has(step.operator.kind) && !isResidual(step);
  return searchDown([result], stop, pass)
    .map((step) => bench.draftOf.get(step))
    .filter(isLinear)
    .filter((draft) => draft.part !== 'attention' || draft.role === 'output');
}
