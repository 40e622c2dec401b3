import type { Role } from '../base/terms';
import { findCores, type Core } from './attention/cores';
import { isCross } from './attention/cross';
import { isResidual, outputLinears, tracedLinears } from './attention/projections';
import { addUnit, isLinear, joinUnit, type Bench, type Draft, type Unit } from './drafts';
import type { Source, Step } from './flow';
import { dataOperands, natureOf, searchUp } from './walk';

/** Finds attentions: queries against keys, a softmax, against values; and the linears that feed and follow them. */
export function findAttention(bench: Bench): void {
  const units = findCores(bench).map((core) => attentionUnit(bench, core));
  mergeHeads(bench, units);
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
    if (!found.has(draft)) settle(unit, draft, readsData(draft) ? 'key' : 'position');
  }
  for (const draft of outputLinears(bench, core.result)) settle(unit, draft, 'output');
  if (isCross(core, found)) unit.kind = 'cross';
  return unit;
}

/** Whether a projection is of the sequence itself; one of stored vectors makes relative positions. */
const readsData = ({ linear }: Draft) => !linear || natureOf(linear.data) === 'data';

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
