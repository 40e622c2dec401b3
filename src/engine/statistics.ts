import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import type { OpenExternal } from '../onnx/external';
import type { GraphIndex } from '../onnx/graph';
import type { Tensor } from '../onnx/model';
import { tensorChunks } from '../onnx/weights';
import type { WeightStatistics } from '../protocol/types';

const bins = 32;
/** Further from the mean, in standard deviations, than all but two in a thousand million of a normal distribution. */
const outlierDistance = 6;

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
  const { count, min, max, mean, std, zeros } = firstPass(tensor, open);
  const counts = new Array<number>(bins).fill(0);
  let outliers = 0;
  const width = (max - min) / bins || 1;
  for (const value of elements(tensor, open)) {
    const bin = Math.min(bins - 1, Math.floor((value - min) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
    if (Math.abs(value - mean) > outlierDistance * std) outliers++;
  }
  return {
    name,
    count,
    min,
    max,
    mean,
    std,
    zeros,
    outliers,
    histogram: { from: min, to: max, counts },
  };
}

function firstPass(tensor: Tensor, open: OpenExternal) {
  let [count, min, max, mean, squares, zeros] = [0, Infinity, -Infinity, 0, 0, 0];
  for (const value of elements(tensor, open)) {
    count++;
    // Welford: the plain sum of squares loses everything when the mean is far from zero.
    const distance = value - mean;
    mean += distance / count;
    squares += distance * (value - mean);
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros++;
  }
  if (count === 0) return { count, min: 0, max: 0, mean: 0, std: 0, zeros };
  return { count, min, max, mean, std: Math.sqrt(squares / count), zeros };
}

function* elements(tensor: Tensor, open: OpenExternal): Generator<number> {
  for (const chunk of tensorChunks(tensor, open)) {
    for (let at = 0; at < chunk.length; at++) {
      const value = chunk[at];
      if (Number.isFinite(value)) yield value as number;
    }
  }
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
