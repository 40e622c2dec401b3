import { elementCount, type Tensor } from '../onnx/model';
import { fingerprint, holdSame } from './contents';
import type { Bench } from './drafts';
import type { Weight } from './structure';
import { isFloat } from './walk';

/** Below this many elements equal contents may be chance, or the values a framework starts with. */
const fewest = 64;

/**
 * Finds matrices that are stored more than once, possibly transposed, among weights that are multiplied with or looked up in;
 * second copy → first. Reads a handful of elements of each; where the weights' file is not there, none can be found.
 */
export function findCopies(bench: Bench, weights: readonly Weight[]): Map<Tensor, Tensor> {
  const copies = new Map<Tensor, Tensor>();
  for (const alike of byShape(weights)) {
    const seen = new Map<string, Tensor[]>();
    for (const tensor of alike) {
      const print = fingerprint(bench, tensor);
      if (print === undefined) continue;
      const others = seen.get(print) ?? [];
      const original = others.find((other) => holdSame(bench, other, tensor));
      if (original) copies.set(tensor, original);
      else seen.set(print, [...others, tensor]);
    }
  }
  return copies;
}

/** Matrices of equal sides and type, where there are several. */
function byShape(weights: readonly Weight[]): Tensor[][] {
  const groups = new Map<string, Set<Tensor>>();
  for (const { tensor, parameters } of weights) {
    const matrix = tensor.shape.length === 2 && elementCount(tensor.shape) >= fewest;
    if (!matrix || parameters === 0 || !isFloat(tensor)) continue;
    const key = `${tensor.dtype} ${[...tensor.shape].sort((a, b) => a - b).join('×')}`;
    groups.set(key, (groups.get(key) ?? new Set()).add(tensor));
  }
  return [...groups.values()].filter((group) => group.size > 1).map((group) => [...group]);
}
