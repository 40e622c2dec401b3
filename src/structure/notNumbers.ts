import { formatExact } from '../base/format';
import { quoted } from '../base/quote';
import type { Tensor } from '../onnx/model';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { tensorChunks } from '../onnx/weights';
import { countNotFinite } from '../tensor/statistics';
import { dtypes } from '../tensor/dtype';
import type { Layer, Weight } from './structure';

/** Reading gigabytes takes seconds, and steps, plans and sweeps all ask: every stored tensor is looked through once. */
const counted = new WeakMap<Tensor['data'], number>();

/**
 * Why a layer cannot be stored otherwise, a sentence: some of its weights are NaN or infinite, so that the scales found for them would be no
 * numbers either. Undefined where all are numbers. Throws what reading weights throws.
 */
export function whyNotNumbers(layer: Layer, open: OpenExternal | undefined): string | undefined {
  for (const weight of layer.weights.filter((each) => isLookedAt(layer, each))) {
    const count = countIn(weight.tensor, open);
    if (count === 0) continue;
    const values = count === 1 ? 'value that is no number' : 'values that are no numbers';
    return `Its weight ${quoted(weight.name)} holds ${formatExact(count)} ${values} (NaN or infinite).`;
  }
  return undefined;
}

/** Masks are infinite on purpose, and so may be a bias that forbids an answer; only a convolution's is stored otherwise with its weight. */
function isLookedAt({ part }: Layer, { kind, tensor }: Weight): boolean {
  const isStored =
    kind === 'weight' || kind === 'table' || (kind === 'bias' && part === 'convolution');
  return isStored && dtypes[tensor.dtype].class === 'float';
}

function countIn(tensor: Tensor, open: OpenExternal | undefined): number {
  const known = counted.get(tensor.data);
  if (known !== undefined) return known;
  let count = 0;
  for (const chunk of tensorChunks(tensor, open)) count += countNotFinite(chunk);
  counted.set(tensor.data, count);
  return count;
}
