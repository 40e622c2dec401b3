import { addDraft, type Bench } from './drafts';
import type { Step } from './flow';
import { maker, plain, sameSource, stepOf } from './walk';

/** Finds softmaxes written out as exponentials over their sum. Those inside an attention join it later. */
export function findWrittenSoftmaxes(bench: Bench): void {
  for (const step of bench.flow.steps) {
    if (step.op !== 'Div' || step.nature !== 'data' || bench.draftOf.has(step)) continue;
    const power = maker(step.operands[0]);
    const sum = maker(step.operands[1]);
    if (power?.op !== 'Exp' || sum?.op !== 'ReduceSum') continue;
    if (!sameSource(plain(sum.operands[0]), plain(step.operands[0]))) continue;
    addDraft(bench, {
      kind: 'softmax',
      main: step,
      steps: [power, sum, ...shift(power)],
      role: 'activation',
      label: 'softmax',
    });
  }
}

/** The subtraction of the greatest value, which keeps the exponentials small. */
function shift(power: Step): Step[] {
  const difference = maker(power.operands[0]);
  const most = difference?.op === 'Sub' ? stepOf(plain(difference.operands[1])) : undefined;
  return difference && most?.op === 'ReduceMax' ? [difference, most] : [];
}
