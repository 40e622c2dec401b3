import type { GraphIndex } from '../onnx/graph';
import type { Layer } from '../structure/structure';
import { partFor } from './part';
import { outermost } from './reach';

/** Why a layer is left out that only leads to other outputs, such as a pooler beside the states that are looked at. */
export const notRead = 'The output that is measured does not depend on this layer.';

/** Tells layers that the output does not depend on: that nothing is lost says nothing of them. */
export function unreadLayers(
  index: GraphIndex,
  output: string,
): (layer: Pick<Layer, 'nodes'>) => boolean {
  const leading = new Set(partFor(index, [output], () => false).entries);
  return ({ nodes }) => !nodes.some((entry) => leading.has(outermost(entry)));
}
