import { inputSpecs, type InputSpec } from '../runtime/inputs';
import { purposeOf } from '../runtime/purpose';
import type { SizedModel } from './models';

/** The input with the ids of the tokens whose successors a model scores; undefined for one that is no language model. */
export function tokensInput({ structure, index, shapes }: SizedModel): string | undefined {
  if (structure.family !== 'decoder') return undefined;
  const isTokens = (spec: InputSpec) => purposeOf(spec, index, shapes).kind === 'ids';
  return inputSpecs(index.model).find(isTokens)?.name;
}
