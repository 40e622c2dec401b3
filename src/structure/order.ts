import { isWeighted, type Bench } from './drafts';
import type { Step } from './flow';
import { dataOperands } from './walk';

/** Notes from which steps data goes on to a layer with weights, and to which it comes from one. */
export function markOrder(bench: Bench): void {
  for (const step of bench.flow.steps) {
    const comes = dataOperands(step).some(
      (source) =>
        source.kind === 'step' &&
        (bench.following.has(source.step) ||
          works(bench, source.step) ||
          looksUp(bench, source.step)),
    );
    if (comes) bench.following.add(step);
  }
  for (const step of [...bench.flow.steps].reverse()) {
    const goesOn = step.readers.some(
      (reader) => reader.nature === 'data' && (bench.feeding.has(reader) || works(bench, reader)),
    );
    if (goesOn) bench.feeding.add(step);
  }
}

function works(bench: Bench, step: Step): boolean {
  const draft = bench.draftOf.get(step);
  return (draft?.main === step && isWeighted(draft)) || step.operator.kind === 'experts';
}

const looksUp = (bench: Bench, step: Step): boolean =>
  bench.draftOf.get(step)?.kind === 'embedding';
