import type { Role } from '../base/terms';
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
import { dataOperands, plain, sameSource, searchDown, searchUp, stepOf } from './walk';

/** One attention product pair, or one operator that does it all. */
interface Core {
  readonly steps: readonly Draft[];
  readonly query: readonly (Source | undefined)[];
  readonly key: readonly (Source | undefined)[];
  readonly value: readonly (Source | undefined)[];
  /** Operands of further products that are added to the scores (relative positions). */
  readonly further?: readonly (Source | undefined)[];
  /** The step whose result the output projection reads. */
  readonly result: Step;
}

/** Finds attentions: queries against keys, a softmax, against values; and the linears that feed and follow them. */
export function findAttention(bench: Bench): void {
  const cores = [...softmaxCores(bench), ...operatorCores(bench)];
  // Only what no softmax attention has claimed can be a linear one.
  const units = [...cores, ...linearCores(bench)].map((core) => attentionUnit(bench, core));
  mergeHeads(bench, units);
}

const isProduct = (step: Step) => step.operator.kind === 'product' && step.nature === 'data';

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

function attentionUnit(bench: Bench, core: Core): Unit {
  const unit = addUnit(bench, 'attention', core.steps);
  const sides = { query: core.query, key: core.key, value: core.value };
  const found = new Map<Draft, Set<keyof typeof sides>>();
  for (const side of ['query', 'key', 'value'] as const) {
    for (const draft of tracedLinears(bench, sides[side])) {
      found.set(draft, (found.get(draft) ?? new Set()).add(side));
    }
  }
  for (const [draft, reached] of found) settle(unit, draft, roleFor(reached));
  settleLatent(bench, unit);
  if (found.size > 0) joinNorms(bench, unit, [...core.query, ...core.key, ...core.value]);
  for (const draft of tracedLinears(bench, core.further ?? [])) {
    if (!found.has(draft)) settle(unit, draft, 'key');
  }
  for (const draft of outputLinears(bench, core.result)) settle(unit, draft, 'output');
  if (isCross(core, found)) unit.kind = 'cross';
  return unit;
}

/** What makes part of the keys itself and feeds the projection of the others is keys and values in compressed form. */
function settleLatent(bench: Bench, unit: Unit): void {
  for (const draft of unit.drafts) {
    if (draft.role !== 'kv' || !isLinear(draft)) continue;
    const stop = (step: Step) => isLinear(bench.draftOf.get(step));
    const pass = (step: Step) =>
      ['layout', 'cast', 'norm', 'arithmetic'].includes(step.operator.kind) && !isResidual(step);
    for (const step of searchUp([draft.linear.data], stop, pass)) {
      const before = bench.draftOf.get(step);
      if (before?.unit === unit && before.role === 'key') before.role = before.label = 'kv';
    }
  }
}

/** Norms of queries and keys stand between a projection and the scores. */
function joinNorms(bench: Bench, unit: Unit, sources: readonly (Source | undefined)[]): void {
  const isOwn = (step: Step) => bench.draftOf.get(step)?.unit === unit;
  searchUp(sources, isOwn, (step) => {
    const draft = bench.draftOf.get(step);
    if (!draft) return !isResidual(step);
    if (draft.kind !== 'norm' || draft.unit || isResidual(draft.main)) return false;
    const behind = searchUp(
      [...draft.steps].flatMap(dataOperands),
      isOwn,
      (each) => !bench.draftOf.has(each) || draft.steps.has(each),
    );
    if (behind.length > 0) joinUnit(unit, draft);
    return behind.length > 0;
  });
}

function roleFor(reached: ReadonlySet<string>): Role {
  if (reached.has('key') && reached.has('value')) return reached.has('query') ? 'qkv' : 'kv';
  if (reached.has('query')) return 'query';
  return reached.has('key') ? 'key' : 'value';
}

function settle(unit: Unit, draft: Draft, role: Role): void {
  // A projection that several attentions share keeps what it is to the first.
  if (draft.part === 'attention') {
    if (draft.unit !== unit) unit.drafts.add(draft);
    return;
  }
  draft.role = role;
  draft.part = 'attention';
  draft.label = role;
  joinUnit(unit, draft);
}

/** The projections behind a query, key or value: past moves, rotations and norms, not past a residual sum. */
function tracedLinears(
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
function isResidual(step: Step): boolean {
  if (step.op !== 'Add' && step.op !== 'Sum')
    return step.operator.kind === 'norm' && dataOperands(step).length > 1;
  const makers = dataOperands(step).map((source) => stepOf(plain(source)));
  return makers.length > 1 && !makers.every((each) => each?.op === 'Mul');
}

/** The projections that read the result: past moves, gates and norms, not past a residual sum. */
function outputLinears(bench: Bench, result: Step): Draft[] {
  const stop = (step: Step) => isLinear(bench.draftOf.get(step)) || isProduct(step);
  const through = new Set(['layout', 'cast', 'arithmetic', 'norm', 'activation']);
  const pass = (step: Step) => through.has(step.operator.kind) && !isResidual(step);
  return searchDown([result], stop, pass)
    .map((step) => bench.draftOf.get(step))
    .filter(isLinear)
    .filter((draft) => draft.part !== 'attention' || draft.role === 'output');
}

/** Whether keys come from elsewhere than queries. */
function isCross(core: Core, found: ReadonlyMap<Draft, ReadonlySet<string>>): boolean {
  const inputs = (side: string) =>
    [...found].filter(([, sides]) => sides.has(side)).map(([draft]) => plain(draft.linear?.data));
  const [queries, keys] = [inputs('query'), inputs('key')];
  if (queries.length === 0) return false;
  if (keys.length === 0) return core.key.some((side) => isOutside(side));
  return !keys.some((key) => queries.some((query) => sameStream(query, key)));
}

/** Keys that were computed outside and come in whole, no new ones joined to them. */
const isOutside = (source: Source | undefined): boolean => plain(source)?.kind === 'input';

/** The same value, but for positions added or elements moved. */
function sameStream(a: Source | undefined, b: Source | undefined): boolean {
  if (sameSource(a, b)) return true;
  const origins = (source: Source | undefined) => {
    const found: (Source | undefined)[] = [source];
    for (let at = source, guard = 0; at?.kind === 'step' && guard < 8; guard++) {
      const { step }: { step: Step } = at;
      const data = dataOperands(step);
      const moves = step.operator.kind === 'layout' || step.operator.kind === 'cast';
      const shifts = step.op === 'Add' && data.length <= 2;
      if (!moves && !shifts) break;
      at = plain(data[0]);
      found.push(at, ...data.slice(1).map(plain));
    }
    return found;
  };
  const others = origins(b);
  return origins(a).some((one) => others.some((other) => sameSource(one, other)));
}

/** Heads that were written one by one are one attention: they share a projection before or after. */
function mergeHeads(bench: Bench, units: readonly Unit[]): void {
  const owner = new Map<Draft, Unit>();
  for (const unit of units) {
    const shared = [...unit.drafts]
      .filter((draft) => ['query', 'qkv', 'output'].includes(draft.role))
      .flatMap((draft) => owner.get(draft) ?? [])[0];
    if (!shared) {
      for (const draft of unit.drafts) owner.set(draft, unit);
      continue;
    }
    for (const draft of unit.drafts) {
      joinUnit(shared, draft);
      owner.set(draft, shared);
    }
    bench.units.splice(bench.units.indexOf(unit), 1);
  }
}
