import type { Step } from '../protocol/recipe';
import { payingPreparations } from './preparations';
import type { ModelTraits } from './traits';

/** A name of `featherweight quantize --scheme`: a number format, and the steps that are the best we know to get a model into it. */
export interface Scheme {
  /** One sentence for `--help`. */
  readonly about: string;
  /** Why it cannot be made of such a model; undefined where it can. */
  refuses?(model: ModelTraits): string | undefined;
  readonly steps: (model: ModelTraits) => readonly Step[];
  /** What is done first, where it is not what was measured to pay on processors. */
  readonly preparations?: readonly Step[];
}

const all = {};

const needsData = ({ data }: ModelTraits): string | undefined =>
  data ? undefined : 'Its scales come from data: name some with --data.';

/** Scales per channel came with operator set 13. */
const raise: Step = { action: 'convertOpset', targets: all, params: { version: '13' } };

const weights = (bits: string, more: Record<string, unknown> = {}): Step => ({
  action: 'weightOnly',
  targets: all,
  params: { bits, ...more },
});
const half = (type: string): Step => ({ action: 'halfStorage', targets: all, params: { type } });
const integers: Step = { action: 'int8Static', targets: all };
const dynamic: Step = { action: 'int8Dynamic', targets: all };

/** Every scheme, the usual ones first. */
const schemes = {
  int8: {
    about:
      'the best 8-bit integers known for this model; --data makes it more exact and convolutions fast',
    steps: ({ data }) => (data ? [raise, integers, dynamic] : [dynamic]),
  },
  int4: {
    about: 'the best 4-bit weights known for this model, embeddings included',
    steps: () => [weights('4')],
  },
  'int8-dynamic': {
    about: '8-bit integers, scales of activations found at run time',
    steps: () => [dynamic],
  },
  'int8-static': {
    about: '8-bit integers, scales of activations found on --data',
    refuses: needsData,
    steps: () => [raise, integers],
  },
  'int8-weights': {
    about: '8-bit weights with a scale per block, activations as they are',
    steps: () => [weights('8')],
  },
  int2: { about: '2-bit weights: measure what they cost', steps: () => [weights('2')] },
  nf4: {
    about:
      '4-bit codes of a normal distribution (QLoRA): a small file, as fast as before once loaded',
    steps: () => [{ action: 'codebook', targets: all, params: { codes: 'nf4' } }],
  },
  fp4: {
    about: '4-bit floats: a small file, as fast as before once loaded',
    steps: () => [{ action: 'codebook', targets: all, params: { codes: 'fp4' } }],
  },
  fp16: {
    about: 'float16 in the file, float32 once loaded: as fast as before',
    steps: () => [half('float16')],
  },
  bf16: {
    about: 'bfloat16 in the file, float32 once loaded: as fast as before',
    steps: () => [half('bfloat16')],
  },
  'fp16-compute': {
    about: 'arithmetic in float16 too, for graphics processors: slower on a CPU',
    preparations: [
      { action: 'foldConstants', targets: all },
      { action: 'foldBatchNorm', targets: all, note: 'What is left of them stays in float32.' },
    ],
    steps: () => [{ action: 'halfCompute', targets: all }],
  },
  fixed: {
    about: '6 bits and a scale per channel, to see what a width costs',
    steps: () => [{ action: 'fixedPoint', targets: all, params: { bits: 6 } }],
  },
  binary: {
    about: 'a sign per weight (XNOR-Net), for study: answers are lost',
    steps: () => [{ action: 'binary', targets: all }],
  },
} as const satisfies Record<string, Scheme>;

export type SchemeName = keyof typeof schemes;
export const schemeNames = Object.keys(schemes) as readonly SchemeName[];

export function schemeOf(name: SchemeName): Scheme {
  return schemes[name];
}

/** A scheme's steps for a model, after the preparations unless they are not wanted. */
export function schemeSteps(
  name: SchemeName,
  model: ModelTraits,
  { prepare }: { readonly prepare: boolean },
): readonly Step[] {
  const { steps, preparations = payingPreparations } = schemeOf(name);
  return [...(prepare ? preparations : []), ...steps(model)];
}
