import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { OpenExternal } from '../onnx/external';
import type { GraphIndex } from '../onnx/graph';
import type { Tensor } from '../onnx/model';
import { tensorChunks } from '../onnx/weights';
import type { WeightStatistics } from '../protocol/types';
import { statisticsOf } from '../tensor/statistics';

/**
 * What a weight's stored elements are like, read in two passes of small pieces. Elements that are not finite are left out. Throws `badInput`
 * for a name the model does not have or text, and what opening its file throws.
 */
export function weightStatistics(
  index: GraphIndex,
  name: string,
  open: OpenExternal,
): WeightStatistics {
  const tensor = findWeight(index, name);
  const { count, min, max, mean, std, zeros, outliers, histogram } = statisticsOf(() =>
    tensorChunks(tensor, open),
  );
  return { name, count, min, max, mean, std, zeros, outliers, histogram };
}

/** By an initializer's name, or by the output of the Constant node that holds it. */
function findWeight(index: GraphIndex, name: string): Tensor {
  for (const scope of index.scopes) {
    const constant = scope.producers.get(name)?.node.attributes.get('value');
    const tensor =
      scope.initializers.get(name) ?? (constant?.kind === 'tensor' ? constant.value : undefined);
    if (tensor) return tensor;
  }
  throw new UserError('badInput', `The model has no weight ${quoted(name)}.`);
}
