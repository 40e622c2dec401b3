import type { Bench } from './drafts';
import type { Source, Step } from './flow';
import { dataOperands, maker, plain, sameSource, sourceKey, stepOf } from './walk';

/** The product, among these steps, in which two values gate each other. */
export function gatingOf(bench: Bench, passed: readonly Step[]): Step | undefined {
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
export function isSelfGate(bench: Bench, step: Step, data: readonly Source[]): boolean {
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
