import type { Action, Workbench } from '../actions/action';
import { UserError } from '../base/errors';
import { partOf } from '../base/progress';
import { namesFor } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Step } from '../protocol/recipe';
import type { Layer } from '../structure/structure';
import { readStep } from './apply';

/** Layers that a step is made of together, by themselves in the model. */
export interface Alone {
  readonly members: readonly Layer[];
}

/**
 * What a step changes in the model when it is made of one group of layers alone; the step fits all of them. What the action finds out from
 * data it finds out once for all groups. Those that it would join into one chain it is asked about again, each by itself: by then the
 * bench's keeper knows what was seen. Throws `badInput` where the action needs data and the bench has none.
 */
export async function editsAlone<G extends Alone>(
  bench: Workbench,
  groups: readonly G[],
  step: Omit<Step, 'targets'>,
): Promise<(group: G) => readonly Edit[]> {
  const { action, params } = readStep({ ...step, targets: {} });
  if (action.data === 'needed' && !bench.calibration) {
    throw new UserError('badInput', `${action.title} needs data to run the model on.`);
  }
  const [joined, others] = [groups.filter(isJoinedBy(action)), groups.filter(isFreeOf(action))];
  const together = bench.keeper && joined.length > 1 ? [joined] : [];
  const asked = [others, ...together, ...joined.map((each) => [each])];
  const found = new Map<G, unknown>();
  for (const [at, some] of asked.entries()) {
    const progress = partOf(bench.progress, at / asked.length, (at + 1) / asked.length);
    const layers = some.flatMap(({ members }) => members);
    const own =
      bench.calibration && layers.length > 0
        ? await action.collect?.({ ...bench, progress }, layers, params)
        : undefined;
    for (const group of some) found.set(group, own);
  }
  return (group) =>
    action.edits(
      { ...bench, names: namesFor(bench.structure.index) },
      group.members,
      params,
      found.get(group),
    );
}

const isJoinedBy =
  ({ isJoined }: Action) =>
  ({ members }: Alone) =>
    isJoined !== undefined && members.some((layer) => isJoined(layer));

const isFreeOf = (action: Action) => (group: Alone) => !isJoinedBy(action)(group);

/** Whether the step joins the group with others that stand beside it. */
export function isJoined(step: Omit<Step, 'targets'>, group: Alone): boolean {
  return isJoinedBy(readStep({ ...step, targets: {} }).action)(group);
}
