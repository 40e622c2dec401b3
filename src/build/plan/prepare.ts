import type { Workbench } from '../../actions/action';
import type { Edit } from '../../onnx/edit';
import { editsAlone, isJoined } from '../alone';
import { type PlanChoiceName, planChoiceOf } from './choices';
import type { PlanGroup } from './groups';

/** What a choice changes in the model for one group of layers. */
export type EditsOf = (group: PlanGroup) => readonly Edit[];

/** The groups that a choice is asked about. */
export interface Asked {
  readonly choice: PlanChoiceName;
  readonly groups: readonly PlanGroup[];
}

/** Lets the choice's action collect what it needs of each group by itself. */
export async function prepareChoice(bench: Workbench, { choice, groups }: Asked): Promise<EditsOf> {
  const { step } = planChoiceOf(choice);
  return step ? editsAlone(bench, groups, step) : () => [];
}

/** Whether static integers make the group part of a chain of 8-bit values. */
export function isChained(group: PlanGroup): boolean {
  return isJoined({ action: 'int8Static' }, group);
}
