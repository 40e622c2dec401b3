import { UserError } from '../../base/errors';
import { describeSpec, type InputSpec, isUnnamed } from '../inputs';
import type { Purposes } from '../purpose';
import type { Feeds, RunTensor } from '../runner';
import { describeTensor } from './convert';

/** What data is checked against: the inputs of the model it is for. */
export interface ModelInputs {
  readonly specs: readonly InputSpec[];
  readonly purposes: Purposes;
}

/** Whether data may leave an input out: states begin empty, and switches are set. */
export function isOptional({ purposes }: ModelInputs, { name, shape }: InputSpec): boolean {
  const kind = purposes.get(name)?.kind;
  return kind === 'state' || (kind === 'mask' && shape?.length === 0);
}

/** The error for a tensor that an input cannot take. */
export function unfit(spec: InputSpec, tensor: Pick<RunTensor, 'dtype' | 'shape'>, what: string) {
  return new UserError(
    'badInput',
    `${what} is ${describeTensor(tensor)}; the model takes ${describeSpec(spec)}.`,
  );
}

/** Throws `badInput` where one of the model's names for a dimension has different sizes in two inputs of a batch. */
export function checkNames(specs: readonly InputSpec[], feeds: Feeds, name: string): void {
  const seen = new Map<string, { input: string; size: number }>();
  for (const spec of specs) {
    const tensor = feeds[spec.name];
    if (tensor?.shape.length !== spec.shape?.length) continue;
    for (const [axis, symbol] of (spec.shape ?? []).entries()) {
      const size = tensor?.shape[axis];
      if (typeof symbol !== 'string' || isUnnamed(spec, axis) || size === undefined) continue;
      const before = seen.get(symbol) ?? { input: spec.name, size };
      seen.set(symbol, before);
      if (before.size === size) continue;
      throw new UserError(
        'badInput',
        `${symbol} is ${before.size} in ${before.input} and ${size} in ${spec.name} of ${name}; the model takes one size for both.`,
      );
    }
  }
}
