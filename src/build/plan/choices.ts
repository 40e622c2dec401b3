import type { ActionName } from '../../actions/index';
import type { Step } from '../../protocol/recipe';

/** A way that the planner may treat a layer. */
export interface PlanChoice {
  readonly title: string;
  /** Undefined leaves the layer as it is. */
  readonly step?: Omit<Step, 'targets'> & { readonly action: ActionName };
}

/** Every way that the planner may treat a layer, the most exact first. */
export const planChoices = {
  keep: { title: 'as it is' },
  bits8: {
    title: '8-bit weights',
    step: {
      action: 'weightOnly',
      params: { bits: '8', block: '128', keep: 0, rounding: 'nearest' },
    },
  },
  int8: { title: 'int8, dynamic', step: { action: 'int8Dynamic' } },
  bits4fine: {
    title: '4-bit weights, blocks of 32',
    step: { action: 'weightOnly', params: { bits: '4', block: '32', keep: 0 } },
  },
  bits4: {
    title: '4-bit weights, blocks of 128',
    step: { action: 'weightOnly', params: { bits: '4', block: '128', keep: 0 } },
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
