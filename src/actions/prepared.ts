import { consumersOf, type GraphIndex } from '../onnx/graph';
import type { Node, Tensor } from '../onnx/model';
import { tensorsOf } from '../onnx/tensors';
import type { Weight } from '../structure/structure';
import type { Workbench } from './action';
import type { Keeper } from './keeper';

/** What of a model stands as it was prepared, whatever has been quantized around it since. */
export interface Prepared {
  readonly index: GraphIndex;
  /** Whether a node reads the same values there, and the same weights. */
  readonly holds: (node: Node, weights: readonly Weight[]) => boolean;
  /** Whether a value of the main graph stands for the same there. */
  readonly holdsValue: (name: string) => boolean;
  /** For what is found of what it holds. */
  readonly keeper: Keeper | undefined;
}

/**
 * The model that layers are watched on: what goes into a layer does not depend on which layers were quantized before it, so that what is
 * found out holds for every order and choice of steps.
 */
export function preparedOf({ prepared, keeper, structure }: Workbench): Prepared {
  const nodes = new Set<Node>(prepared.entries.map(({ node }) => node));
  const data = new Set<Tensor['data']>(tensorsOf(prepared.model).map((tensor) => tensor.data));
  const { main } = structure.index;
  return {
    ...{ index: prepared, keeper },
    holds: (node, weights) =>
      nodes.has(node) && weights.every(({ tensor }) => data.has(tensor.data)),
    // A name alone may have been given out again; who read a value then reads it still.
    holdsValue: (name) => consumersOf(main, name).some(({ node }) => nodes.has(node)),
  };
}
