import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { convertTo, describeTensor } from '../runtime/datasets/convert';
import { describeSpec, type InputSpec } from '../runtime/inputs';
import type { Feeds, RunTensor } from '../runtime/runner';

/** What one model is called in messages, and what it takes. */
export interface Taker {
  readonly name: string;
  readonly inputs: readonly InputSpec[];
}

export interface Side extends Taker {
  readonly outputs: readonly string[];
}

/**
 * How inputs of the original are given to the candidate: by name, or by place where all names differ; numbers in the type it takes.
 * Throws `badInput` for an input that the original does not have.
 */
export function adaptFeeds(reference: Taker, candidate: Taker): (feeds: Feeds) => Feeds {
  const names = new Set(reference.inputs.map((spec) => spec.name));
  const byPlace =
    candidate.inputs.length === reference.inputs.length &&
    !candidate.inputs.some((spec) => names.has(spec.name));
  const sources = candidate.inputs.map((spec, at) => {
    const source = byPlace ? reference.inputs[at]?.name : spec.name;
    if (source !== undefined && names.has(source)) return { spec, source };
    throw new UserError(
      'badInput',
      `${candidate.name} takes an input ${quoted(spec.name)} (${describeSpec(spec)}) that ${reference.name} does not have.`,
    );
  });
  return (feeds) =>
    Object.fromEntries(
      sources.flatMap(({ spec, source }) => {
        const tensor = feeds[source];
        return tensor
          ? [[spec.name, convertTo(spec, tensor, `${source} for ${candidate.name}`)]]
          : [];
      }),
    );
}

/** An output of the original, and the candidate's that is held against it. */
export interface OutputPair {
  readonly reference: string;
  readonly candidate: string;
}

/** Outputs of one name, or by place where all names differ. Throws `badInput` where nothing can be compared. */
export function pairOutputs(reference: Side, candidate: Side): OutputPair[] {
  const shared = reference.outputs.filter((name) => candidate.outputs.includes(name));
  if (shared.length > 0) return shared.map((name) => ({ reference: name, candidate: name }));
  if (reference.outputs.length === candidate.outputs.length && reference.outputs.length > 0) {
    return reference.outputs.map((name, at) => ({
      reference: name,
      candidate: candidate.outputs[at] ?? name,
    }));
  }
  const listed = ({ outputs }: Side) => outputs.map(quoted).join(', ') || 'none';
  throw new UserError(
    'badInput',
    `The models have no output in common: ${reference.name} has ${listed(reference)}, ${candidate.name} ${listed(candidate)}.`,
  );
}

/** Throws `badInput` where two results have not the same shape. */
export function checkShapes(
  output: string,
  reference: RunTensor,
  candidate: RunTensor,
  sides: readonly [Side, Side],
): void {
  const same =
    reference.shape.length === candidate.shape.length &&
    reference.shape.every((size, axis) => size === candidate.shape[axis]);
  if (same) return;
  const [a, b] = sides;
  throw new UserError(
    'badInput',
    `The output ${quoted(output)} is ${describeTensor(reference)} in ${a.name} and ${describeTensor(candidate)} in ${b.name}: they cannot be compared.`,
  );
}
