import { isUserError } from '../../base/errors';
import { dtypes } from '../../tensor/dtype';
import { elementCount, type Dim, type Tensor } from '../model';
import { tensorValues } from '../weights';
import { maxElements, type Fact } from './fact';
import type { OpenExternal } from './shapes';

/** Decodes small constants once, whoever asks. Weights that are missing, broken or too large to be a shape give nothing. */
export function constantReader(open: OpenExternal | undefined) {
  const decoded = new Map<Tensor, readonly number[] | undefined>();
  return (fact: Fact): readonly Dim[] | undefined => {
    if (fact.data || !fact.tensor) return fact.data;
    const tensor = fact.tensor;
    if (!decoded.has(tensor)) decoded.set(tensor, smallValues(tensor, open));
    return decoded.get(tensor);
  };
}

function smallValues(tensor: Tensor, open: OpenExternal | undefined) {
  const kind = dtypes[tensor.dtype].class;
  if (kind === 'string' || kind === 'complex') return undefined;
  const count = elementCount(tensor.shape);
  if (!(count >= 0 && count <= maxElements)) return undefined;
  try {
    return Array.from(tensorValues(tensor, open), Number);
  } catch (error) {
    // The model's check says what is wrong with it; here it only is not known.
    if (isUserError(error)) return undefined;
    throw error;
  }
}
