import type { Plan, PlanLimit } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { AdviceFacts } from './facts';
import { damageExpected, damageOfPlan, type Expectation, speedExpected } from './expectations';
import { type Answers, completed } from './questions';
import { notHereYet, type Remark, wontHelp } from './remarks';
import { type AdviceContext, wayNames, type WayName, wayOf } from './ways';

export type { Expectation } from './expectations';
export type { Remark } from './remarks';

/** Something that may be done with the model. */
export interface Proposal {
  readonly name: WayName;
  readonly title: string;
  /** One sentence each. */
  readonly reasons: readonly string[];
  /** Steps of a recipe; none where nothing should be done, or a plan has yet to find them. */
  readonly steps: readonly Step[];
  /** A planner's limit on the damage, where the steps are to be found by measuring every layer. */
  readonly plan?: PlanLimit;
  readonly expected: {
    /** Of the file, from the layers' own figures; null until `withSizes` has asked, and where it depends on a plan. */
    readonly bytes: { readonly before: number; readonly after: number } | null;
    /** How many times as fast as now. */
    readonly speed: Expectation;
    /** Mean damage of the model's answers. */
    readonly damage: Expectation;
  };
}

export interface Advice {
  /** The best first; four at most. */
  readonly proposals: readonly Proposal[];
  /** Those after them, for where one of the first turns out to fit no layer. */
  readonly further: readonly Proposal[];
  /** What one might think of, and why not. */
  readonly wontHelp: readonly Remark[];
  /** What would help and is no part of Featherweight. */
  readonly notHere: readonly Remark[];
}

/** So many can be compared at a glance. */
export const mostProposals = 4;

/** What to do with a model under these answers: up to four proposals, the best first. Nothing is run or read for it. */
export function advise(facts: AdviceFacts, answers: Answers): Advice {
  const context: AdviceContext = { facts, answers: completed(facts, answers) };
  const ranked = wayNames
    .map((name) => ({ name, worth: wayOf(name).worth(context) }))
    .filter(({ worth }) => worth > 0)
    .sort((a, b) => b.worth - a.worth)
    .map(({ name }) => proposalOf(name, context));
  const count = Math.max(1, Math.min(mostProposals, ranked.length - Number(isLastResort(ranked))));
  return {
    proposals: ranked.slice(0, count),
    further: ranked.slice(count),
    wontHelp: wontHelp(context),
    notHere: notHereYet(context),
  };
}

/** Whether leaving the model alone stands last, as what remains where the others fit no layer. */
function isLastResort(ranked: readonly Proposal[]): boolean {
  return ranked.at(-1)?.name === 'nothing';
}

function proposalOf(name: WayName, context: AdviceContext): Proposal {
  const { facts } = context;
  const way = wayOf(name);
  const limit = way.plan?.(context);
  const made = limit && planFor(facts, limit);
  const steps = made?.steps ?? way.steps(context);
  const about = { name, steps, isPlan: limit !== undefined };
  const after = name === 'nothing' ? facts.bytes : made?.measured.bytes;
  return {
    ...{ name, title: way.title, reasons: way.reasons(context), steps },
    ...(limit ? { plan: limit } : {}),
    expected: {
      bytes: after === undefined ? null : { before: facts.bytes, after },
      speed: speedExpected(facts, about),
      damage: made ? damageOfPlan(made) : damageExpected(facts, about),
    },
  };
}

/** The plan that was made under that very limit and keeps it. */
function planFor({ plan }: AdviceFacts, { kind, value }: PlanLimit): Plan | undefined {
  return plan?.kept && plan.limit.kind === kind && plan.limit.value === value ? plan : undefined;
}
