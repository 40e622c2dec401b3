import { isDepthwise } from '../convolutions';
import { addDraft, isLinear, type Bench, type Draft } from '../drafts';
import type { Source, Step } from '../flow';
import { dataOperands, searchDown, searchUp, stepOf } from '../walk';
import { isProduct, tracedLinears } from './projections';

/** One attention product pair, or one operator that does it all. */
export interface Core {
  readonly steps: readonly Draft[];
  readonly query: readonly (Source | undefined)[];
  readonly key: readonly (Source | undefined)[];
  readonly value: readonly (Source | undefined)[];
  /** Operands of further products that are added to the scores (relative positions). */
  readonly further?: readonly (Source | undefined)[];
  /** The step whose result the output projection reads. */
  readonly result: Step;
}

/** The products of every attention, each with its drafts; only what no softmax attention has claimed can be a linear one. */
export function findCores(bench: Bench): Core[] {
  const cores = [...softmaxCores(bench), ...operatorCores(bench)];
  return [...cores, ...linearCores(bench)];
}

/** A product of data with data. */
const isFree = (bench: Bench, step: Step) =>
  isProduct(step) && !bench.draftOf.has(step) && dataOperands(step).length >= 2;

const between = new Set(['arithmetic', 'layout', 'lookup', 'cast', 'activation', 'reduce']);
const passes = (bench: Bench) => (step: Step) =>
  between.has(step.operator.kind) && !isLinear(bench.draftOf.get(step));

/** The most steps looked at between the products of one attention. */
const reach = 500;

function softmaxCores(bench: Bench): Core[] {
  return bench.flow.steps.flatMap((step) => {
    if (!isSoftmax(bench, step)) return [];
    const stop = (each: Step) => isFree(bench, each) || isLinear(bench.draftOf.get(each));
    const pass = passes(bench);
    const scores = searchUp(step.operands.slice(0, 1), stop, pass, reach).filter((each) =>
      isFree(bench, each),
    );
    const contexts = searchDown([step], stop, pass, reach).filter((each) => isFree(bench, each));
    const context = contexts[0];
    if (!context || scores.length === 0) return [];
    return [
      softmaxCore(
        bench,
        scores.sort((a, b) => a.at - b.at),
        step,
        context,
      ),
    ];
  });
}

const isSoftmax = (bench: Bench, step: Step) =>
  step.nature === 'data' &&
  ((step.operator.kind === 'softmax' && !bench.draftOf.has(step)) ||
    (bench.draftOf.get(step)?.kind === 'softmax' && bench.draftOf.get(step)?.main === step));

function softmaxCore(bench: Bench, scores: readonly Step[], softmax: Step, context: Step): Core {
  const [main = softmax] = scores;
  const part = 'attention' as const;
  const weights = stepsBetween(bench, softmax, [context]);
  const products = addDraft(bench, {
    kind: 'scores',
    main,
    steps: [...scores.slice(1), ...stepsBetween(bench, main, [softmax])],
    role: 'scores',
    part,
    label: 'scores',
  });
  const normalized =
    bench.draftOf.get(softmax) ??
    addDraft(bench, {
      kind: 'softmax',
      main: softmax,
      steps: weights,
      role: 'activation',
      part,
      label: 'softmax',
    });
  normalized.part = part;
  const sums = addDraft(bench, {
    kind: 'context',
    main: context,
    role: 'context',
    part,
    label: 'context',
  });
  const fromSoftmax = new Set([softmax, ...weights]);
  return {
    steps: [products, normalized, sums],
    query: [main.operands[0]],
    key: [main.operands[1]],
    further: scores.slice(1).flatMap((each) => each.operands),
    value: context.operands.filter((operand) => !fromSoftmax.has(stepOf(operand) ?? context)),
    result: context,
  };
}

/** The steps on the ways from one step to others, both ends left out. */
function stepsBetween(bench: Bench, from: Step, to: readonly Step[]): Step[] {
  const pass = passes(bench);
  const above = new Set<Step>();
  searchUp(
    to.flatMap((step) => step.operands),
    (step) => step === from || step.at < from.at,
    (step) => pass(step) && Boolean(above.add(step)),
  );
  const reached = new Set([from]);
  for (const step of [...above].sort((a, b) => a.at - b.at)) {
    if (dataOperands(step).some((source) => reached.has(stepOf(source) ?? step))) reached.add(step);
  }
  reached.delete(from);
  return [...reached].filter((step) => !to.includes(step));
}

/** Two products in a row with no softmax between and no weight in either: Q·Kᵀ bent and then ·V, or φ(Q) times (φ(K)ᵀ·V). */
function linearCores(bench: Bench): Core[] {
  return bench.flow.steps.flatMap((first) => {
    if (!isFree(bench, first)) return [];
    const second = searchDown([first], isProduct, passes(bench), reach).find((each) =>
      isFree(bench, each),
    );
    if (!second) return [];
    const inner = new Set([first, ...stepsBetween(bench, first, [second])]);
    const others = second.operands.filter((operand) => !inner.has(stepOf(operand) ?? second));
    const [other] = others;
    const traced = [...others, ...first.operands].every((side) => isProjected(bench, side));
    return others.length === 1 && traced ? [linearCore(bench, first, second, other)] : [];
  });
}

/** Whether a value comes from projections, and not from convolutions along the sequence. */
function isProjected(bench: Bench, side: Source | undefined): boolean {
  const drafts = tracedLinears(bench, [side]);
  return drafts.length > 0 && !drafts.some(isDepthwise);
}

function linearCore(bench: Bench, first: Step, second: Step, other: Source | undefined): Core {
  const part = 'attention' as const;
  const steps = stepsBetween(bench, first, [second]);
  // Where the first result comes first its rows are queries; otherwise it is keys times values.
  const compares = second.operands[1] === other;
  const products = addDraft(bench, {
    kind: 'scores',
    main: first,
    steps,
    role: compares ? 'scores' : 'other',
    part,
    label: compares ? 'scores' : 'state',
  });
  const sums = addDraft(bench, {
    kind: 'context',
    main: second,
    role: 'context',
    part,
    label: 'context',
  });
  const [left, right] = first.operands;
  const sides = compares
    ? { query: [left], key: [right], value: [other] }
    : { query: [other], key: [left], value: [right] };
  return { steps: [products, sums], ...sides, result: second };
}

/** Operators that are a whole attention. */
function operatorCores(bench: Bench): Core[] {
  return bench.flow.steps
    .filter((step) => step.operator.kind === 'attention' && !bench.draftOf.has(step))
    .map((step) => {
      const own = Object.values(step.operator.uses ?? {}).includes('weight');
      const draft = addDraft(bench, {
        kind: 'attention',
        main: step,
        role: own ? 'qkv' : 'scores',
        part: 'attention',
        label: own ? 'qkv' : 'scores',
      });
      const [query, key = query, value = key] = step.operands;
      const none: Core['query'] = [];
      return own
        ? { steps: [draft], query: none, key: none, value: none, result: step }
        : { steps: [draft], query: [query], key: [key], value: [value], result: step };
    });
}
