import { applySteps } from '../build/apply';
import type { GraphIndex } from '../onnx/graph';
import type { SizedModel } from './models';

/**
 * The model as it answers the same in fewer operations: positions that nobody reads at the end are not computed. Weights keep their names,
 * and values of a name that both have are equal.
 */
export async function reducedIndex({ index, external }: SizedModel): Promise<GraphIndex> {
  const steps = [{ action: 'skipUnread', targets: {} }];
  return (await applySteps(index, steps, { open: external.open })).index;
}
