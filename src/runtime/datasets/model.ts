import { UserError } from '../../base/errors';
import { describeSpec, type InputSpec, isUnnamed } from '../inputs';
import type { Purpose, Purposes } from '../purpose';
import type { Feeds, RunTensor } from '../runner';
import { describeTensor } from './convert';

/** What data is checked against: the inputs of the model it is for. */
export interface ModelInputs {
  readonly specs: readonly InputSpec[];
  readonly purposes: Purposes;
  /** How many tokens the model can take, where that is known. */
  readonly longest?: number | undefined;
  /** Whether the model knows what to do with NaN, which otherwise spoils every answer. */
  readonly takesNan?: boolean;
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

/** Throws `badInput` for token ids beyond the model's table, sequences longer than it can take, and NaN where it does not know it. */
export function checkValues(model: ModelInputs, feeds: Feeds, name: string): void {
  for (const spec of model.specs) {
    const tensor = feeds[spec.name];
    if (!tensor || ArrayBuffer.isView(tensor.data) === false) continue;
    const wrong = wrongIn(tensor, model.purposes.get(spec.name), model);
    if (wrong) throw new UserError('badInput', `${spec.name} in ${name} ${wrong}.`);
  }
}

function wrongIn(
  tensor: RunTensor,
  purpose: Purpose | undefined,
  { longest = Infinity, takesNan = false }: ModelInputs,
): string | undefined {
  const { data, shape, dtype } = tensor;
  const values = data as unknown as ArrayLike<number | bigint>;
  if (purpose?.kind === 'ids' && shape.length === 2) {
    if ((shape[1] ?? 0) > longest) return `is ${shape[1]} tokens long; the model takes ${longest}`;
    const far = Array.prototype.find.call(
      values,
      (value: number | bigint) => value >= purpose.rows,
    ) as number | bigint | undefined;
    if (far !== undefined)
      return `holds ${far}; the model knows tokens from 0 to ${purpose.rows - 1}`;
  }
  // Half floats are kept as their bits.
  const isFloat = dtype === 'float32' || dtype === 'float64';
  const hasNan = isFloat && !takesNan && (data as Float32Array).some(Number.isNaN);
  return hasNan ? 'holds NaN; the model takes numbers' : undefined;
}
