import { addDraft, claim, type Bench, type Draft } from './drafts';
import type { Source, Step } from './flow';
import {
  dataOperands,
  isScalar,
  isStored,
  maker,
  plain,
  sourceKey,
  stepOf,
  storedTensor,
} from './walk';

/** Arithmetic that is an activation by itself (ReLU6 is a Clip); an exponential is one where more follows from it. */
const bends = new Set(['Min', 'Max', 'Clip', 'Sin', 'Cos', 'Tan', 'Atan']);
const bent = (step: Step, group: readonly Step[]) =>
  bends.has(step.op) || (step.op === 'Exp' && group.some((other) => other.op === 'Add'));

/**
 * Finds activations: operators, and groups of elementwise steps that together compute one function of one value (a Gelu written
 * as Div, Erf, Add, Mul, Mul), with the product of a gate where the function gates something.
 */
export function findActivations(bench: Bench): void {
  const groups = functionsOfOneValue(bench);
  for (const steps of groups) {
    const main =
      steps.find((step) => step.operator.kind === 'activation') ??
      steps.find((step) => bent(step, steps));
    if (!main) continue;
    const draft = addDraft(bench, {
      kind: 'activation',
      main,
      steps,
      role: 'activation',
      label: 'activation',
    });
    const gate = gatingProduct(bench, draft);
    if (gate) claim(bench, draft, [gate]);
  }
}

const elementwise = (step: Step) =>
  step.operator.kind === 'arithmetic' || step.operator.kind === 'activation' || step.op === 'Cast';

/** Groups of connected steps that all depend on one and the same value. */
function functionsOfOneValue(bench: Bench): Step[][] {
  const originOf = new Map<Step, Source>();
  const groupOf = new Map<Step, Step[]>();
  const groups = new Set<Step[]>();
  for (const step of bench.flow.steps) {
    if (step.nature !== 'data' || bench.draftOf.has(step) || !elementwise(step)) continue;
    const data = dataOperands(step);
    const origins = data.map((source) => originOf.get(maker(source) ?? step) ?? plain(source));
    const [origin] = origins;
    if (!origin || !origins.every((each) => sourceKey(each) === sourceKey(origin))) continue;
    if (!othersAreScalars(step)) continue;
    originOf.set(step, origin);
    join(step, data, groupOf, groups);
  }
  return [...groups];
}

const othersAreScalars = (step: Step) =>
  step.operator.kind === 'activation' ||
  step.operands.every((operand) => {
    if (!operand || !isStored(operand)) return true;
    const tensor = storedTensor(operand);
    return !tensor || isScalar(tensor);
  });

function join(
  step: Step,
  data: readonly Source[],
  groupOf: Map<Step, Step[]>,
  groups: Set<Step[]>,
): void {
  const near = new Set(data.flatMap((source) => [stepOf(source), maker(source)]));
  const touched = new Set([...near].flatMap((each) => (each ? [groupOf.get(each)] : [])));
  touched.delete(undefined);
  const [first = [], ...others] = [...touched];
  for (const other of others) {
    if (other) groups.delete(other);
    for (const each of other ?? []) {
      first.push(each);
      groupOf.set(each, first);
    }
  }
  first.push(step);
  groupOf.set(step, first);
  groups.add(first);
}

/** The product that the activation's result gates something with: SwiGLU's, squeeze-and-excite's. */
function gatingProduct(bench: Bench, draft: Draft): Step | undefined {
  const last = [...draft.steps].filter((step) =>
    step.readers.some((reader) => !draft.steps.has(reader)),
  );
  if (last.length !== 1) return undefined;
  const readers = (last[0]?.readers ?? []).filter((reader) => !draft.steps.has(reader));
  const gate = readers[0];
  if (readers.length !== 1 || gate?.op !== 'Mul' || bench.draftOf.has(gate)) return undefined;
  return dataOperands(gate).length === 2 ? gate : undefined;
}
