import type { ActionName } from '../../actions/index';
import type { PlanLimit } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';

/** A way that the planner may treat a layer. */
export interface PlanChoice {
  readonly title: string;
  /** Undefined leaves the layer as it is. */
  readonly step?: Omit<Step, 'targets'> & { readonly action: ActionName };
  /** Where only bytes count: just for layers that this choice does not fit, as it is as small and hurts less. */
  readonly insteadOf?: string;
  /** It makes no run shorter: not tried under a limit of time. */
  readonly isForSize?: boolean;
}

/** Every way that the planner may treat a layer, the most exact first. */
export const planChoices = {
  keep: { title: 'as it is' },
  half: {
    title: '16-bit storage',
    step: { action: 'halfStorage' },
    insteadOf: 'bits8',
    isForSize: true,
  },
  bits8: {
    title: '8-bit weights',
    step: {
      action: 'weightOnly',
      params: { bits: '8', block: '128', keep: 0, rounding: 'nearest' },
    },
  },
  int8: { title: 'int8, dynamic', step: { action: 'int8Dynamic' }, insteadOf: 'bits8' },
  int8Static: { title: 'int8, static', step: { action: 'int8Static' }, insteadOf: 'bits8' },
  bits4finest: {
    title: '4-bit weights, blocks of 16',
    step: { action: 'weightOnly', params: { bits: '4', block: '16', keep: 0 } },
    isForSize: true,
  },
  bits4fine: {
    title: '4-bit weights, blocks of 32',
    step: { action: 'weightOnly', params: { bits: '4', block: '32', keep: 0 } },
  },
  bits4: {
    title: '4-bit weights, blocks of 128',
    step: { action: 'weightOnly', params: { bits: '4', block: '128', keep: 0 } },
  },
  nf4: {
    title: '4-bit codes of a normal distribution',
    step: { action: 'codebook', params: { codes: 'nf4' } },
    insteadOf: 'bits4',
    isForSize: true,
  },
  bits2fine: {
    title: '2-bit weights, blocks of 16',
    step: { action: 'weightOnly', params: { bits: '2', block: '16', keep: 0 } },
    isForSize: true,
  },
  bits2: {
    title: '2-bit weights, blocks of 32',
    step: { action: 'weightOnly', params: { bits: '2', block: '32', keep: 0 } },
  },
} as const satisfies Record<string, PlanChoice>;

export type PlanChoiceName = keyof typeof planChoices;
export const planChoiceNames = Object.keys(planChoices) as readonly PlanChoiceName[];

export function planChoiceOf(name: PlanChoiceName): PlanChoice {
  return planChoices[name];
}

/** Whether a limit is one of time, so that kernels count and not bytes. */
export function isOfTime({ kind }: PlanLimit): boolean {
  return kind === 'latency' || kind === 'speed';
}

/** The choices to try on a layer under a limit, `fits` telling which can be made of it; `keep` is always among them. */
export function choicesFor(
  limit: PlanLimit,
  fits: (name: PlanChoiceName) => boolean,
): readonly PlanChoiceName[] {
  const fitting = planChoiceNames.filter((name) => name === 'keep' || fits(name));
  const known: readonly string[] = fitting;
  return fitting.filter((name) => {
    const { insteadOf, isForSize = false } = planChoiceOf(name);
    if (isOfTime(limit)) return !isForSize;
    return insteadOf === undefined || !known.includes(insteadOf);
  });
}
