import { intAttribute } from '../onnx/attributes';
import { isTriangular } from './contents';
import type { Bench, Draft } from './drafts';
import type { Source, Step } from './flow';
import { natureOf, plain, searchUp } from './walk';

const alwaysCausal = new Set([
  'GroupQueryAttention',
  'DecoderMaskedMultiHeadAttention',
  'SparseAttention',
  'PagedAttention',
]);

/** Whether later positions are hidden from earlier ones, or keys and values of earlier runs come in. */
export function seesNoFuture(bench: Bench): boolean {
  const cores = bench.drafts.filter(
    (draft) => ['scores', 'attention'].includes(draft.kind) && draft.part === 'attention',
  );
  const operators = cores.map((draft) => draft.main);
  if (operators.some((step) => alwaysCausal.has(step.op))) return true;
  if (
    operators.some((step) =>
      ['is_causal', 'unidirectional'].some((name) => intAttribute(step.entry.node, name) === 1),
    )
  ) {
    return true;
  }
  return cores.some((draft) => readsPast(draft)) || hidesLater(bench, cores);
}

/** Where operators take the keys and values of earlier runs. */
const pastInputs: Readonly<Record<string, readonly number[]>> = {
  Attention: [4, 5],
  QAttention: [8],
  MultiHeadAttention: [6, 7],
};

const joinsPast = new Set(['Concat', 'ScatterND', 'ScatterElements', 'TensorScatter']);

/** Whether keys of earlier runs come in from outside and new ones are joined to them. */
function readsPast(draft: Draft): boolean {
  const { main } = draft;
  if (draft.kind === 'attention') {
    const past = pastInputs[main.op] ?? [];
    return past.some((position) => plain(main.inputs[position])?.kind === 'input');
  }
  const joining: Step[] = [];
  searchUp(
    [main.operands[1]],
    (step) => joinsPast.has(step.op) && joining.push(step) > 0,
    (step) => ['layout', 'cast', 'arithmetic'].includes(step.operator.kind),
  );
  return joining.some((step) => step.operands.some((operand) => plain(operand)?.kind === 'input'));
}

const compares = new Set(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual']);

/** Looks through everything that the scores are masked with for a triangle, stored or compared together from two ranges. */
function hidesLater(bench: Bench, cores: readonly Draft[]): boolean {
  const seen = new Set<object>();
  const queue: (Source | undefined)[] = cores.flatMap((draft) =>
    [...draft.steps].flatMap((step) =>
      step.inputs.filter((input) => !input || natureOf(input) !== 'data'),
    ),
  );
  for (let at = queue.pop(); queue.length > 0 || at; at = queue.pop()) {
    if (at?.kind === 'tensor') {
      if (!seen.has(at.tensor) && isTriangular(bench, at.tensor)) return true;
      seen.add(at.tensor);
    }
    if (at?.kind !== 'step' || seen.has(at.step)) continue;
    const { step } = at;
    seen.add(step);
    if (
      step.op === 'Trilu' ||
      (compares.has(step.op) && step.operands.every((operand) => countsUp(operand)))
    )
      return true;
    queue.push(...step.inputs.filter((input) => !input || natureOf(input) !== 'data'));
  }
  return false;
}

/** Whether a value is a range of positions, shifted and reshaped perhaps. */
function countsUp(source: Source | undefined): boolean {
  const seen = new Set<Step>();
  const queue = [plain(source)];
  for (let at = queue.pop(); queue.length > 0 || at; at = queue.pop()) {
    if (at?.kind !== 'step' || seen.has(at.step)) continue;
    seen.add(at.step);
    if (at.step.op === 'Range' || at.step.op === 'CumSum') return true;
    if (seen.size > 64) return false;
    queue.push(...at.step.operands.map((operand) => plain(operand)));
  }
  return false;
}
