import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import { isArrayType, tensorOf } from '../arrays';
import { describeSpec, type InputSpec } from '../inputs';
import type { Purpose } from '../purpose';
import type { Feeds, RunTensor } from '../runner';
import { isOptional, type ModelInputs } from './model';
import { sidesOf } from './sides';
import type { Tokens } from './tokens';

/** What a tokenised text has for an input at a position, by what the input is for. */
const sources = {
  ids: ({ ids, padding }: Tokens, at: number) => ids[at] ?? padding,
  mask: ({ ids }: Tokens, at: number) => Number(at < ids.length),
  types: ({ types }: Tokens, at: number) => types[at] ?? 0,
  positions: (_: Tokens, at: number) => at,
} as const satisfies Partial<Record<Purpose['kind'], unknown>>;

/** Which of a sample's texts: what is read, or, for the decoder of an encoder–decoder, what is written. */
type Side = 'text' | 'target';

/** An input that is made from texts. */
export interface TextInput {
  readonly spec: InputSpec;
  readonly kind: keyof typeof sources | 'lengths';
  readonly side: Side;
}

/** The inputs that are made from texts. Throws `badInput` for one that cannot be, and that the model must be given. */
export function inputsFromText(model: ModelInputs, name: string): TextInput[] {
  const { specs, purposes } = model;
  const { target } = sidesOf(model);
  return specs.flatMap((spec): TextInput[] => {
    const purpose = purposes.get(spec.name);
    const isSequence = spec.shape === undefined || spec.shape.length === 2;
    const kind = Object.keys(sources).find((each) => each === purpose?.kind);
    // A decoder by itself is fed what an encoder made of the text.
    const isLone = target.length === 0 && /decoder/i.test(spec.name);
    if (kind && isSequence && !isLone) {
      const side = target.includes(spec) ? 'target' : 'text';
      return [{ spec, kind: kind as keyof typeof sources, side }];
    }
    if (purpose?.kind === 'lengths' && spec.shape?.length === 1) {
      return [{ spec, kind: 'lengths', side: 'text' }];
    }
    if (isOptional(model, spec)) return [];
    throw new UserError(
      'badInput',
      `The input ${quoted(spec.name)} (${describeSpec(spec)}) cannot be made from the texts of ${name}.`,
      'Give the inputs as arrays in an .npz file.',
    );
  });
}

/** The name of the input of that kind for that side; undefined where there is none. */
export const inputOf = (wanted: readonly TextInput[], kind: TextInput['kind'], side: Side) =>
  wanted.find((each) => each.kind === kind && each.side === side)?.spec.name;

/** A batch of tokenised samples as the model takes it, padded to the longest of them. */
export function feedsOf(
  wanted: readonly TextInput[],
  batch: readonly { readonly text: Tokens; readonly target: Tokens | undefined }[],
): Feeds {
  const texts = batch.map(({ text }) => text);
  const targets = batch.flatMap(({ target }) => target ?? []);
  const longest = (all: readonly Tokens[]) => Math.max(1, ...all.map(({ ids }) => ids.length));
  const written = longest(targets);
  const isMasked = inputOf(wanted, 'mask', 'text') !== undefined;
  // Lengths tell which side a tensor is of, and with that which of its positions are padding.
  const isAlike = targets.length > 0 && isMasked && longest(texts) === written;
  const read = longest(texts) + Number(isAlike);
  return Object.fromEntries(
    wanted.map(({ spec, kind, side }) => [
      spec.name,
      side === 'text' ? columnOf(spec, kind, texts, read) : columnOf(spec, kind, targets, written),
    ]),
  );
}

function columnOf(
  spec: InputSpec,
  kind: TextInput['kind'],
  batch: readonly Tokens[],
  longest: number,
): RunTensor {
  const dtype = isArrayType(spec.dtype) ? spec.dtype : 'int64';
  if (kind === 'lengths') {
    return tensorOf(
      dtype,
      [batch.length],
      batch.map(({ ids }) => ids.length),
    );
  }
  const fixed = spec.shape?.[1];
  const width = typeof fixed === 'number' ? fixed : longest;
  const values = batch.flatMap((tokens) =>
    Array.from({ length: width }, (_, at) => sources[kind](tokens, at)),
  );
  return tensorOf(dtype, [batch.length, width], values);
}
