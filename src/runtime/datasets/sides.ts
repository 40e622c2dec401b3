import type { InputSpec } from '../inputs';
import type { ModelInputs } from './model';

/** The inputs of an encoder–decoder for what is read and for what is written; all of another model's are for what is read. */
export interface Sides {
  readonly text: readonly InputSpec[];
  readonly target: readonly InputSpec[];
}

/** Told by name: both are sequences of tokens. A decoder by itself, which is fed what an encoder made, reads. */
export function sidesOf({ specs, purposes }: ModelInputs): Sides {
  const text = specs.filter(({ name }) => !/decoder/i.test(name));
  const readsTokens = text.some(({ name }) => purposes.get(name)?.kind === 'ids');
  if (!readsTokens) return { text: specs, target: [] };
  return { text, target: specs.filter((spec) => !text.includes(spec)) };
}
