import type { Workbench } from '../../actions/action';
import { partOf } from '../../base/progress';
import { namesFor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { readStep } from '../apply';
import { type PlanChoiceName, planChoiceOf } from './choices';
import type { PlanGroup } from './groups';

/** What a choice changes in the model for one group of layers. */
export type EditsOf = (group: PlanGroup) => readonly Edit[];

/** The groups that a choice is asked about. */
export interface Asked {
  readonly choice: PlanChoiceName;
  readonly groups: readonly PlanGroup[];
}

/**
 * Lets the choice's action collect what it needs, once for all groups; convolutions each by themselves, as those that stand side by side
 * would be made one chain of 8-bit values.
 */
export async function prepareChoice(bench: Workbench, { choice, groups }: Asked): Promise<EditsOf> {
  const { step } = planChoiceOf(choice);
  if (!step) return () => [];
  const { action, params } = readStep({ ...step, targets: {} });
  const chained = choice === 'int8Static' ? groups.filter(isChained) : [];
  const found = new Map<PlanGroup, unknown>();
  const parts = chained.length + 1;
  const collect = (of: readonly PlanGroup[], at: number) =>
    action.collect?.(
      { ...bench, progress: partOf(bench.progress, at / parts, (at + 1) / parts) },
      of.flatMap(({ members }) => members),
      params,
    );
  const others = groups.filter((group) => !chained.includes(group));
  const shared = others.length > 0 ? await collect(others, 0) : undefined;
  for (const [at, group] of chained.entries()) found.set(group, await collect([group], at + 1));
  return (group) =>
    action.edits(
      { ...bench, names: namesFor(bench.structure.index) },
      group.members,
      params,
      found.has(group) ? found.get(group) : shared,
    );
}

/** Whether static integers make the group part of a chain of 8-bit values. */
export function isChained({ members }: PlanGroup): boolean {
  return members.some(({ main }) => main.node.op === 'Conv');
}
